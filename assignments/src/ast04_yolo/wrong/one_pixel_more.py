# ---
# title: "Adds one pixel to every side, as old code for whole pixels does"
# loses:
#   q02_iou_test: "one pixel too wide"
# ---

# %% q02_iou
def iou(a, b):
    a, b = a[:, None], b[None]
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]) + 1, 0)
    shared = sides[..., 0] * sides[..., 1]
    area_a = (a[..., 2] - a[..., 0] + 1) * (a[..., 3] - a[..., 1] + 1)
    area_b = (b[..., 2] - b[..., 0] + 1) * (b[..., 3] - b[..., 1] + 1)
    return shared / np.maximum(area_a + area_b - shared, 1e-9)
