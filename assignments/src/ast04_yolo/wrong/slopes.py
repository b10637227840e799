# ---
# title: "Joins the points of the curve by lines"
# loses:
#   q09_average_precision_test: "steps, not slopes"
# ---

# %% q09_average_precision
def average_precision(hits, scores, count):
    hits = hits[np.argsort(-scores)]
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    recall = found / count
    if not len(hits):
        return 0.0
    recall, precision = np.append(0, recall), np.append(precision[0], precision)
    return np.sum(np.diff(recall) * (precision[1:] + precision[:-1]) / 2)
