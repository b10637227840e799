# ---
# title: "Sorts by rising score"
# loses:
#   q03_nms_test: "np.argsort sorts upwards"
#   q08_match_test: "the detection with the highest score chooses first"
#   q09_average_precision_test: "np.argsort sorts upwards"
# ---

# %% q03_nms
def nms(overlap, scores, classes, threshold):
    left, kept = list(np.argsort(scores)), []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if classes[i] != classes[best] or overlap[best, i] <= threshold]
    return kept


# %% q08_match
def match(overlap, scores, threshold):
    hits, taken = np.zeros(len(scores), bool), set()
    for i in np.argsort(scores):
        j = int(np.argmax([-1 if j in taken else o for j, o in enumerate(overlap[i])]))
        if overlap[i, j] >= threshold and j not in taken:
            hits[i] = True
            taken.add(j)
    return hits


# %% q09_average_precision
def average_precision(hits, scores, count):
    hits = hits[np.argsort(scores)]
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    recall = found / count
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return np.sum(np.diff(recall, prepend=0) * precision)
