# ---
# title: "Returns hits in the order of the scores; takes eleven points"
# loses:
#   q08_match_test: "in the order in which the detections are given"
#   q09_average_precision_test: "eleven"
# ---

# %% q08_match
def match(overlap, scores, threshold):
    hits, taken = np.zeros(len(scores), bool), set()
    for i in np.argsort(-scores):
        j = int(np.argmax([-1 if j in taken else o for j, o in enumerate(overlap[i])]))
        if overlap[i, j] >= threshold and j not in taken:
            hits[i] = True
            taken.add(j)
    return hits[np.argsort(-scores)]


# %% q09_average_precision
def average_precision(hits, scores, count):
    hits = hits[np.argsort(-scores)]
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    recall = found / count
    points = np.linspace(0, 1, 11)
    return np.mean([max(precision[recall >= at - 1e-9], default=0) for at in points])
