# ---
# title: "Every box overlaps itself, and is dropped"
# loses:
#   q03_nms_test: "a box overlaps itself"
# ---

# %% q03_nms
def nms(overlap, scores, classes, threshold):
    order = np.argsort(-scores)
    kept = []
    for i in order:
        same = classes == classes[i]
        if not np.any(overlap[i][same] > threshold):
            kept.append(i)
    return kept
