# ---
# title: "Softmax along the rows; truth − softmax; a loss for each image"
# loses:
#   q07_cross_entropy_test: "softmax along another axis: the classes are the last axis"
#   q07_gradient_test: "uphill: a larger logit"
#   q08_soft_dice_loss_test: "a loss for each image: return one number"
# ---
# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    counts = labels != ignore_index
    if not counts.any():
        return 0.0
    logs = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    chosen = np.take_along_axis(logs, np.where(counts, labels, 0)[..., None], -1)[..., 0]
    return -chosen[counts].mean()


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    z = logits - logits.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    truth = labels[..., None] == np.arange(p.shape[-1])
    counts = (labels != ignore_index)[..., None]
    return (truth - p) * counts / max(counts.sum(), 1)


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    both = (masks * probabilities).sum(axis=(1, 2))
    total = (masks + probabilities).sum(axis=(1, 2))
    return 1 - (2 * both + smooth) / (total + smooth)
