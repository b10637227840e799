# ---
# title: "Lets the classes compete, as in classification"
# loses:
#   q06_decode_test: "each class by itself"
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
    kinds = np.exp(output[..., 5:])
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1)
    return boxes, sure[..., 4:5] * kinds / kinds.sum(-1, keepdims=True)
