# ---
# title: "Divides IoU by both areas; forgets from_logits"
# loses:
#   q10_overlap_test: "the two areas count the common part twice"
#   q11_dice_bce_test: "cross-entropy"
# ---

# %% q10_overlap
def overlap(truth, predicted):
    truth, predicted = np.asarray(truth).astype(bool), np.asarray(predicted).astype(bool)
    both = (truth & predicted).sum(axis=(1, 2))
    areas = truth.sum(axis=(1, 2)) + predicted.sum(axis=(1, 2))
    return np.where(areas, 2 * both / np.maximum(areas, 1), 1), np.where(
        areas, both / np.maximum(areas, 1), 1
    )


# %% q11_dice_bce
def dice_bce(truth, logits):
    t = keras.ops.cast(truth, "float32")
    p = keras.ops.sigmoid(logits)
    common, areas = keras.ops.sum(t * p, (1, 2, 3)), keras.ops.sum(t + p, (1, 2, 3))
    soft = (2 * common + 1) / (areas + 1)
    entropy = keras.losses.binary_crossentropy(t, logits, from_logits=False)
    return keras.ops.mean(1 - soft) + keras.ops.mean(entropy)
