# ---
# title: "Gives up when the best box is taken; takes precision as it comes"
# loses:
#   q08_match_test: "another free one that fits will do"
#   q09_average_precision_test: "not interpolated"
# ---

# %% q08_match
def match(overlap, scores, threshold):
    hits, taken = np.zeros(len(scores), bool), set()
    for i in np.argsort(-scores):
        j = int(np.argmax(overlap[i]))
        if overlap[i, j] >= threshold and j not in taken:
            hits[i] = True
            taken.add(j)
    return hits


# %% q09_average_precision
def average_precision(hits, scores, count):
    hits = hits[np.argsort(-scores)]
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    recall = found / count
    return np.sum(np.diff(recall, prepend=0) * precision)
