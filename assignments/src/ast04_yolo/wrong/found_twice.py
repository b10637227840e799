# ---
# title: "Counts a second detection of the same object as a hit; counts recall by detections"
# loses:
#   q08_match_test: "an object found twice"
#   q09_average_precision_test: "recall is a share of the true boxes"
# ---

# %% q08_match
def match(overlap, scores, threshold):
    hits = np.zeros(len(scores), bool)
    for i in np.argsort(-scores):
        j = int(np.argmax(overlap[i]))
        if overlap[i, j] >= threshold:
            hits[i] = True
    return hits


# %% q09_average_precision
def average_precision(hits, scores, count):
    hits = hits[np.argsort(-scores)]
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    recall = found / max(len(hits), 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return np.sum(np.diff(recall, prepend=0) * precision)
