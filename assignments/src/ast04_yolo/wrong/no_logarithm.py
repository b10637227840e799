# ---
# title: "Leaves out the logarithm, and the exponential on the way back"
# loses:
#   q05_encode_test: "logarithms"
#   q06_decode_test: "e to the power of t"
# ---

# %% q05_encode
def encode(boxes, labels, which, anchors, side, cells, classes):
    targets = np.zeros((cells, cells, len(anchors), 5 + classes))
    stride = side / cells
    for (x1, y1, x2, y2), label, k in zip(boxes, labels, which):
        x, y = (x1 + x2) / 2 / stride, (y1 + y2) / 2 / stride
        column, row = int(x), int(y)
        numbers = [x - column, y - row, (x2 - x1) / anchors[k, 0], (y2 - y1) / anchors[k, 1], 1]
        targets[row, column, k, :5] = numbers
        targets[row, column, k, 5 + label] = 1
    return targets


# %% q06_decode
def decode(output, anchors, side):
    cells = len(output)
    stride = side / cells
    sure = 1 / (1 + np.exp(-output))
    columns = np.arange(cells)[None, :, None]
    rows = np.arange(cells)[:, None, None]
    x, y = (sure[..., 0] + columns) * stride, (sure[..., 1] + rows) * stride
    w, h = anchors[:, 0] * output[..., 2], anchors[:, 1] * output[..., 3]
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1)
    return boxes, sure[..., 4:5] * sure[..., 5:]
