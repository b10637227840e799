# ---
# title: "Drops with the others the box that they were compared with"
# loses:
#   q03_nms_test: "the best box of all is kept"
# ---

# %% q03_nms
def nms(overlap, scores, classes, threshold):
    order = list(np.argsort(-scores))
    kept = []
    for place in range(1, len(order)):
        i = order[place]
        rivals = [j for j in order[:1] + kept if classes[i] == classes[j]]
        if all(overlap[i, j] <= threshold for j in rivals):
            kept.append(i)
    return kept
