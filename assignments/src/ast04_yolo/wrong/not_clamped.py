# ---
# title: "Multiplies two negative sides to a positive overlap"
# loses:
#   q02_iou_test: "not clamped"
# ---

# %% q02_iou
def iou(a, b):
    a, b = a[:, None], b[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides[..., 0] * sides[..., 1]
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return shared / np.maximum(area_a + area_b - shared, 1e-9)
