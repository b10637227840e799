# ---
# title: "Gives places in the picture, not in the cell; forgets the stride on the way back"
# loses:
#   q05_encode_test: "where in its cell, not where in the picture"
#   q06_decode_test: "multiply by the stride"
# ---

# %% q05_encode
def encode(boxes, labels, which, anchors, side, cells, classes):
    targets = np.zeros((cells, cells, len(anchors), 5 + classes))
    stride = side / cells
    for (x1, y1, x2, y2), label, k in zip(boxes, labels, which):
        x, y = (x1 + x2) / 2 / stride, (y1 + y2) / 2 / stride
        column, row = int(x), int(y)
        numbers = [
            x / cells,
            y / cells,
            np.log((x2 - x1) / anchors[k, 0]),
            np.log((y2 - y1) / anchors[k, 1]),
            1,
        ]
        targets[row, column, k, :5] = numbers
        targets[row, column, k, 5 + label] = 1
    return targets


# %% q06_decode
def decode(output, anchors, side):
    cells = len(output)
    sure = 1 / (1 + np.exp(-output))
    columns = np.arange(cells)[None, :, None]
    rows = np.arange(cells)[:, None, None]
    x, y = sure[..., 0] + columns, sure[..., 1] + rows
    w, h = anchors[:, 0] * np.exp(output[..., 2]), anchors[:, 1] * np.exp(output[..., 3])
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1)
    return boxes, sure[..., 4:5] * sure[..., 5:]
