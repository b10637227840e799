# ---
# title: "Softmax without taking the largest logit away; the Dice coefficient for the loss"
# loses:
#   q07_cross_entropy_test: "exp(1000) overflows"
#   q07_gradient_test: "exp(1000) overflows"
#   q08_soft_dice_loss_test: "the coefficient: a loss is small"
# ---
# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    counts = labels != ignore_index
    if not counts.any():
        return 0.0
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    chosen = np.take_along_axis(p, np.where(counts, labels, 0)[..., None], -1)[..., 0]
    return -np.log(chosen[counts]).mean()


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    counts = (labels != ignore_index)[..., None]
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    p -= np.arange(p.shape[-1]) == labels[..., None]
    return np.where(counts, p, 0) / max(counts.sum(), 1)


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    both = (masks * probabilities).sum(axis=(1, 2))
    total = (masks + probabilities).sum(axis=(1, 2))
    return ((2 * both + smooth) / (total + smooth)).mean()
