# ---
# title: "Reads masks as they are stored; swaps Dice and IoU"
# loses:
#   q01_read_pair_test: "one number for each pixel of its picture"
#   q10_overlap_test: "swapped: IoU divides by the union"
# ---

# %% q01_read_pair
def read_pair(image_path, mask_path):
    mask = np.asarray(Image.open(mask_path)).astype("uint8")
    return np.asarray(Image.open(image_path).convert("RGB")), np.minimum(mask, 1)


# %% q10_overlap
def overlap(truth, predicted):
    truth, predicted = np.asarray(truth).astype(bool), np.asarray(predicted).astype(bool)
    both = (truth & predicted).sum(axis=(1, 2))
    either = (truth | predicted).sum(axis=(1, 2))
    areas = truth.sum(axis=(1, 2)) + predicted.sum(axis=(1, 2))
    return np.where(either, both / np.maximum(either, 1), 1), np.where(
        areas, 2 * both / np.maximum(areas, 1), 1
    )
