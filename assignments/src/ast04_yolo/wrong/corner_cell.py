# ---
# title: "Takes the cell that holds the box's corner"
# loses:
#   q05_encode_test: "the corner"
# ---

# %% q05_encode
def encode(boxes, labels, which, anchors, side, cells, classes):
    targets = np.zeros((cells, cells, len(anchors), 5 + classes))
    stride = side / cells
    for (x1, y1, x2, y2), label, k in zip(boxes, labels, which):
        x, y = (x1 + x2) / 2 / stride, (y1 + y2) / 2 / stride
        column, row = int(x), int(y)
        numbers = [
            x - column,
            y - row,
            np.log((x2 - x1) / anchors[k, 0]),
            np.log((y2 - y1) / anchors[k, 1]),
            1,
        ]
        targets[max(int(y1 / stride), 0), max(int(x1 / stride), 0), k, :5] = numbers
        targets[max(int(y1 / stride), 0), max(int(x1 / stride), 0), k, 5 + label] = 1
    return targets
