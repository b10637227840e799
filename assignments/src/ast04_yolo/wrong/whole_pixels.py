# ---
# title: "Rounds to whole pixels; forgets that boxes may be empty"
# loses:
#   q01_to_corners_test: "do not round"
#   q02_iou_test: "two boxes without area get 0"
# ---

# %% q01_to_corners
def to_corners(rows, height, width):
    x, y, w, h = rows.T
    corners = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1) * [width, height, width, height]
    return corners.astype(int)


# %% q02_iou
def iou(a, b):
    a, b = a[:, None], b[None]
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0)
    shared = sides[..., 0] * sides[..., 1]
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return shared / (area_a + area_b - shared)
