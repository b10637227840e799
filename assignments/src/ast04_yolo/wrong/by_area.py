# ---
# title: "Chooses the anchor of the nearest area"
# loses:
#   q04_best_anchor_test: "compare shapes by IoU"
# ---

# %% q04_best_anchor
def best_anchor(sizes, anchors):
    w, h = sizes[:, :1], sizes[:, 1:]
    p, q = anchors[:, 0], anchors[:, 1]
    return np.argmin(abs(w * h - p * q), axis=1)
