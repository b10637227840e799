# ---
# title: "Boxes that were dropped drop others; the result is in the order of the input"
# loses:
#   q03_nms_test: "a box that was dropped drops no other"
# ---

# %% q03_nms
def nms(overlap, scores, classes, threshold):
    better = scores[None] > scores[:, None]
    clash = better & (overlap > threshold) & (classes[None] == classes[:, None])
    kept = np.flatnonzero(~clash.any(axis=1))
    return kept[np.argsort(-scores[kept])]
