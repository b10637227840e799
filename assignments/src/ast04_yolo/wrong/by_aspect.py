# ---
# title: "Chooses the anchor of the same aspect"
# loses:
#   q04_best_anchor_test: "size counts too"
# ---

# %% q04_best_anchor
def best_anchor(sizes, anchors):
    w, h = sizes[:, :1], sizes[:, 1:]
    p, q = anchors[:, 0], anchors[:, 1]
    return np.argmin(abs(np.log(w / h) - np.log(p / q)), axis=1)
