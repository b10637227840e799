# ---
# title: "Suppresses over all classes together"
# loses:
#   q03_nms_test: "classes are not told apart"
# ---

# %% q03_nms
def nms(overlap, scores, classes, threshold):
    left, kept = list(np.argsort(-scores)), []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if overlap[best, i] <= threshold]
    return kept
