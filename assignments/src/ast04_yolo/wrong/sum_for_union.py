# ---
# title: "Forgets to take the shared part away from the union"
# loses:
#   q02_iou_test: "the shared part counted twice"
#   q04_best_anchor_test: "divide by the union"
# ---

# %% q02_iou
def iou(a, b):
    a, b = a[:, None], b[None]
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0)
    shared = sides[..., 0] * sides[..., 1]
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return shared / np.maximum(area_a + area_b, 1e-9)


# %% q04_best_anchor
def best_anchor(sizes, anchors):
    w, h = sizes[:, :1], sizes[:, 1:]
    p, q = anchors[:, 0], anchors[:, 1]
    return np.argmax(np.minimum(w, p) * np.minimum(h, q), axis=1)
