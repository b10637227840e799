# ---
# title: "More than, or at least? The wrong one each time"
# loses:
#   q03_nms_test: "not by just as much"
#   q07_object_loss_test: "just at the limit"
#   q08_match_test: "an IoU of just the threshold is enough"
# ---

# %% q03_nms
def nms(overlap, scores, classes, threshold):
    left, kept = list(np.argsort(-scores)), []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if classes[i] != classes[best] or overlap[best, i] < threshold]
    return kept


# %% q07_object_loss
def object_loss(logits, there, overlap, ignore_above):
    count = max(there.sum(), 1)
    empty = ~there & (overlap < ignore_above)
    missed = np.logaddexp(0, -logits[there]).sum() / count
    invented = np.logaddexp(0, logits[empty]).sum() / count
    return missed, invented


# %% q08_match
def match(overlap, scores, threshold):
    hits, taken = np.zeros(len(scores), bool), set()
    for i in np.argsort(-scores):
        j = int(np.argmax([-1 if j in taken else o for j, o in enumerate(overlap[i])]))
        if overlap[i, j] > threshold and j not in taken:
            hits[i] = True
            taken.add(j)
    return hits
