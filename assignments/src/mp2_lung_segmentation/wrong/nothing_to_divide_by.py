# ---
# title: "Divides 0 by 0; hardly smoothed"
# loses:
#   q10_overlap_test: "two empty masks"
#   q11_dice_bce_test: "smoothed"
# ---

# %% q10_overlap
def overlap(truth, predicted):
    truth, predicted = np.asarray(truth).astype(bool), np.asarray(predicted).astype(bool)
    both = (truth & predicted).sum(axis=(1, 2))
    either = (truth | predicted).sum(axis=(1, 2))
    areas = truth.sum(axis=(1, 2)) + predicted.sum(axis=(1, 2))
    return 2 * both / areas, both / either


# %% q11_dice_bce
def dice_bce(truth, logits):
    t = keras.ops.cast(truth, "float32")
    p = keras.ops.sigmoid(logits)
    common, areas = keras.ops.sum(t * p, (1, 2, 3)), keras.ops.sum(t + p, (1, 2, 3))
    soft = (2 * common + 1e-6) / (areas + 1e-6)
    entropy = keras.losses.binary_crossentropy(t, logits, from_logits=True)
    return keras.ops.mean(1 - soft) + keras.ops.mean(entropy)
