# ---
# title: "Takes the centre for the top-left corner"
# loses:
#   q01_to_corners_test: "the centre taken for a corner"
#   q06_decode_test: "half a width each way"
# ---

# %% q01_to_corners
def to_corners(rows, height, width):
    x, y, w, h = rows.T
    return np.stack([x * width, y * height, (x + w) * width, (y + h) * height], axis=1)


# %% q06_decode
def decode(output, anchors, side):
    cells = len(output)
    stride = side / cells
    sure = 1 / (1 + np.exp(-output))
    columns = np.arange(cells)[None, :, None]
    rows = np.arange(cells)[:, None, None]
    x, y = (sure[..., 0] + columns) * stride, (sure[..., 1] + rows) * stride
    w, h = anchors[:, 0] * np.exp(output[..., 2]), anchors[:, 1] * np.exp(output[..., 3])
    boxes = np.stack([x, y, x + w, y + h], axis=-1)
    return boxes, sure[..., 4:5] * sure[..., 5:]
