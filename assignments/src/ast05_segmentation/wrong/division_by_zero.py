# ---
# title: "Python numbers, and no look before the division; divides by all pixels"
# loses:
#   q06_class_iou_test: "a class in neither has no IoU"
#   q06_image_dice_test: "both masks empty"
#   q07_cross_entropy_test: "divided by all pixels: divide by the pixels that count"
#   q07_gradient_test: "divided by all pixels"
# ---
# %% q06_class_iou
def class_iou(masks, predictions, classes):
    scores = []
    for c in range(classes):
        both = int(((masks == c) & (predictions == c)).sum())
        scores.append(both / int(((masks == c) | (predictions == c)).sum()))
    return scores


# %% q06_image_dice
def image_dice(masks, predictions):
    return [2 * int((m & p).sum()) / (int(m.sum()) + int(p.sum())) for m, p in zip(masks, predictions)]


# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    counts = labels != ignore_index
    logs = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    chosen = np.take_along_axis(logs, np.where(counts, labels, 0)[..., None], -1)[..., 0]
    return -(chosen * counts).mean()


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    z = logits - logits.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    counts = (labels != ignore_index)[..., None]
    p -= np.arange(p.shape[-1]) == labels[..., None]
    return p * counts / labels.size
