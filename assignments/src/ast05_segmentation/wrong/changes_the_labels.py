# ---
# title: "Writes class 0 into the caller's labels, and forgets which pixels they were"
# loses:
#   q07_cross_entropy_test: "changed the caller's labels"
#   q07_gradient_test: "an ignored pixel pushes nothing"
# ---
# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    counts = labels != ignore_index
    labels[~counts] = 0
    logs = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    chosen = np.take_along_axis(logs, labels[..., None], -1)[..., 0]
    return -(chosen * counts).sum() / max(counts.sum(), 1)


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    n = max((labels != ignore_index).sum(), 1)
    labels[labels == ignore_index] = 0
    z = logits - logits.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return (p - np.eye(p.shape[-1])[labels]) / n
