# ---
# title: "Leaves the object's own number out of the score"
# loses:
#   q06_decode_test: "times σ of the class's"
# ---

# %% q06_decode
def decode(output, anchors, side):
    cells = len(output)
    stride = side / cells
    sure = 1 / (1 + np.exp(-output))
    columns = np.arange(cells)[None, :, None]
    rows = np.arange(cells)[:, None, None]
    x, y = (sure[..., 0] + columns) * stride, (sure[..., 1] + rows) * stride
    w, h = anchors[:, 0] * np.exp(output[..., 2]), anchors[:, 1] * np.exp(output[..., 3])
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1)
    return boxes, sure[..., 5:]
