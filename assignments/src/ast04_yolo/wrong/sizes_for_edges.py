# ---
# title: "Takes or gives width and height in place of the right and bottom edge"
# loses:
#   q01_to_corners_test: "width and height kept"
#   q02_iou_test: "the right and the bottom edge, not sizes"
#   q06_decode_test: "the corners, not the centre and the size"
# ---

# %% q01_to_corners
def to_corners(rows, height, width):
    x, y, w, h = rows.T
    return np.stack([(x - w / 2) * width, (y - h / 2) * height, w * width, h * height], axis=1)


# %% q02_iou
def iou(a, b):
    a, b = a[:, None], b[None]
    right = np.minimum(a[..., 0] + a[..., 2], b[..., 0] + b[..., 2])
    bottom = np.minimum(a[..., 1] + a[..., 3], b[..., 1] + b[..., 3])
    w = np.maximum(right - np.maximum(a[..., 0], b[..., 0]), 0)
    h = np.maximum(bottom - np.maximum(a[..., 1], b[..., 1]), 0)
    return w * h / (a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3] - w * h)


# %% q06_decode
def decode(output, anchors, side):
    cells = len(output)
    stride = side / cells
    sure = 1 / (1 + np.exp(-output))
    columns = np.arange(cells)[None, :, None]
    rows = np.arange(cells)[:, None, None]
    x, y = (sure[..., 0] + columns) * stride, (sure[..., 1] + rows) * stride
    w, h = anchors[:, 0] * np.exp(output[..., 2]), anchors[:, 1] * np.exp(output[..., 3])
    boxes = np.stack([x, y, w, h], axis=-1)
    return boxes, sure[..., 4:5] * sure[..., 5:]
