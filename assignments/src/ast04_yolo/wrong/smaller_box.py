# ---
# title: "Divides by the smaller of the two boxes"
# loses:
#   q02_iou_test: "over the smaller box"
# ---

# %% q02_iou
def iou(a, b):
    a, b = a[:, None], b[None]
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0)
    shared = sides[..., 0] * sides[..., 1]
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return shared / np.maximum(np.minimum(area_a, area_b), 1e-9)
