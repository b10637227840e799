# ---
# title: "Chooses the anchor by the distance of the sizes"
# loses:
#   q04_best_anchor_test: "by distance"
# ---

# %% q04_best_anchor
def best_anchor(sizes, anchors):
    w, h = sizes[:, :1], sizes[:, 1:]
    p, q = anchors[:, 0], anchors[:, 1]
    return np.argmin((w - p) ** 2 + (h - q) ** 2, axis=1)
