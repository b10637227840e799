# ---
# title: "Takes the cell that holds the box's corner"
# loses:
#   q05_encode_test: "the corner's cell"
# ---

# %% q05_encode
def encode(boxes, labels, which, anchors, side, cells, classes):
    targets = np.zeros((cells, cells, len(anchors), 5 + classes))
    stride = side / cells
    for (x1, y1, x2, y2), label, k in zip(boxes, labels, which):
        column, row = int(max(x1, 0) / stride), int(max(y1, 0) / stride)
        x, y = (x1 + x2) / 2 / stride % 1, (y1 + y2) / 2 / stride % 1
        w, h = np.log([x2 - x1, y2 - y1] / anchors[k])
        targets[row, column, k] = [x, y, w, h, 1, *np.eye(classes)[label]]
    return targets
