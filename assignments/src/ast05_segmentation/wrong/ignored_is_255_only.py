# ---
# title: "Ignores 255 whatever is asked; sums; softmax − truth not divided"
# loses:
#   q07_cross_entropy_test: "averaged over the pixels whose label is not ignore_index"
#   q07_gradient_test: "not divided: the loss is a mean"
#   q08_soft_dice_loss_test: "squares: V-Net squares"
# ---
# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    counts = labels != 255
    if not counts.any():
        return 0.0
    logs = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    chosen = np.take_along_axis(logs, np.where(counts, labels, 0)[..., None], -1)[..., 0]
    return -chosen[counts].mean()


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    z = logits - logits.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    truth = labels[..., None] == np.arange(p.shape[-1])
    return (p - truth) * (labels != ignore_index)[..., None]


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    both = (masks * probabilities).sum(axis=(1, 2))
    total = (masks**2).sum(axis=(1, 2)) + (probabilities**2).sum(axis=(1, 2))
    return (1 - (2 * both + smooth) / (total + smooth)).mean()
