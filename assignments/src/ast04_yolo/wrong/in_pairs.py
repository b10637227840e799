# ---
# title: "Compares the first with the first and the second with the second only"
# loses:
#   q02_iou_test: "the wrong shape"
# ---

# %% q02_iou
def iou(a, b):
    count = min(len(a), len(b))
    a, b = a[:count], b[:count]
    sides = np.maximum(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0)
    shared = sides.prod(1)
    return shared / ((a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared)
