# ---
# title: "Uses logits as they are"
# loses:
#   q06_decode_test: "the place in the cell is the sigmoid of t"
#   q07_box_loss_test: "compared after the sigmoid"
# ---

# %% q06_decode
def decode(output, anchors, side):
    cells = len(output)
    stride = side / cells
    sure = 1 / (1 + np.exp(-output))
    columns = np.arange(cells)[None, :, None]
    rows = np.arange(cells)[:, None, None]
    x, y = (output[..., 0] + columns) * stride, (output[..., 1] + rows) * stride
    w, h = anchors[:, 0] * np.exp(output[..., 2]), anchors[:, 1] * np.exp(output[..., 3])
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1)
    return boxes, sure[..., 4:5] * sure[..., 5:]


# %% q07_box_loss
def box_loss(output, targets):
    there = targets[..., 4]
    place = output[..., :2] - targets[..., :2]
    size = output[..., 2:4] - targets[..., 2:4]
    cost = (place**2).sum(-1) + (size**2).sum(-1)
    return (there * cost).sum() / max(targets[..., 4].sum(), 1)
