# ---
# title: "Keeps probabilities from 0 by 1e-7; thresholds in the loss"
# loses:
#   q07_cross_entropy_test: "log(0) has no end"
#   q08_soft_dice_loss_test: "rounded: use the probabilities as they are"
# ---
# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    z = logits - logits.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    counts = labels != ignore_index
    if not counts.any():
        return 0.0
    chosen = np.take_along_axis(p, np.where(counts, labels, 0)[..., None], -1)[..., 0]
    return -np.log(chosen[counts] + 1e-7).mean()


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    called = probabilities > 0.5
    both = (masks * called).sum(axis=(1, 2))
    total = masks.sum(axis=(1, 2)) + called.sum(axis=(1, 2))
    return (1 - (2 * both + smooth) / (total + smooth)).mean()
