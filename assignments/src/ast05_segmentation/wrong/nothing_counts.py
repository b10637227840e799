# ---
# title: "Divides by n also where no pixel counts; smooths above the line only"
# loses:
#   q07_cross_entropy_test: "where no pixel counts, the loss is 0"
#   q07_gradient_test: "where no pixel counts, nothing pushes"
#   q08_soft_dice_loss_test: "smoothed above only"
# ---
# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    counts = labels != ignore_index
    logs = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    chosen = np.take_along_axis(logs, np.where(counts, labels, 0)[..., None], -1)[..., 0]
    return -chosen[counts].mean()


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    z = logits - logits.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    counts = (labels != ignore_index)[..., None]
    p -= np.arange(p.shape[-1]) == labels[..., None]
    return p * counts / counts.sum()


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    both = (masks * probabilities).sum(axis=(1, 2))
    total = (masks + probabilities).sum(axis=(1, 2))
    return (1 - (2 * both + smooth) / np.maximum(total, 1e-9)).mean()
