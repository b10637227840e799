# ---
# title: "Gives the place in the cell in pixels"
# loses:
#   q05_encode_test: "as a share of the cell"
# ---

# %% q05_encode
def encode(boxes, labels, which, anchors, side, cells, classes):
    targets = np.zeros((cells, cells, len(anchors), 5 + classes))
    stride = side / cells
    for (x1, y1, x2, y2), label, k in zip(boxes, labels, which):
        x, y = (x1 + x2) / 2 / stride, (y1 + y2) / 2 / stride
        column, row = int(x), int(y)
        numbers = [
            (x - column) * stride,
            (y - row) * stride,
            np.log((x2 - x1) / anchors[k, 0]),
            np.log((y2 - y1) / anchors[k, 1]),
            1,
        ]
        targets[row, column, k, :5] = numbers
        targets[row, column, k, 5 + label] = 1
    return targets
