# ---
# title: "Sums over the whole batch where each image counts, and takes image means where pixels count"
# loses:
#   q06_class_iou_test: "mean over the images: count over all pixels"
#   q06_image_dice_test: "all images together"
#   q07_cross_entropy_test: "mean of the images' means"
#   q07_gradient_test: "divided in each image"
#   q08_soft_dice_loss_test: "all images together"
# ---
# %% q06_class_iou
def class_iou(masks, predictions, classes):
    each = []
    for m, p in zip(masks, predictions):
        row = []
        for c in range(classes):
            union = ((m == c) | (p == c)).sum()
            row.append(((m == c) & (p == c)).sum() / union if union else np.nan)
        each.append(row)
    return np.nanmean(each, axis=0)


# %% q06_image_dice
def image_dice(masks, predictions):
    total = masks.sum() + predictions.sum()
    return 2 * (masks * predictions).sum() / total if total else 1.0


# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    losses = []
    for z, y in zip(logits, labels):
        counts = y != ignore_index
        logs = z - np.logaddexp.reduce(z, axis=-1, keepdims=True)
        chosen = np.take_along_axis(logs, np.where(counts, y, 0)[..., None], -1)[..., 0]
        losses.append(-chosen[counts].sum() / max(counts.sum(), 1))
    return np.mean(losses)


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    z = logits - logits.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    counts = (labels != ignore_index)[..., None]
    p -= np.arange(p.shape[-1]) == labels[..., None]
    return p * counts / np.maximum(counts.sum(axis=(1, 2, 3), keepdims=True), 1)


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    both, total = (masks * probabilities).sum(), masks.sum() + probabilities.sum()
    return 1 - (2 * both + smooth) / (total + smooth)
