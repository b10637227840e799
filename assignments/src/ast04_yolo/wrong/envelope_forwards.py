# ---
# title: "Takes the highest precision so far, not the highest to come"
# loses:
#   q09_average_precision_test: "the highest precision there or further on"
# ---

# %% q09_average_precision
def average_precision(hits, scores, count):
    hits = hits[np.argsort(-scores)]
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    recall = found / count
    precision = np.maximum.accumulate(precision)
    return np.sum(np.diff(recall, prepend=0) * precision)
