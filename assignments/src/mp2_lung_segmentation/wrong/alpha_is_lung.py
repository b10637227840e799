# ---
# title: "Takes alpha for lung; mixes up missed and invented"
# loses:
#   q01_read_pair_test: "alpha taken for the mask"
#   q13_error_map_test: "missed and invented swapped"
# ---

# %% q01_read_pair
def read_pair(image_path, mask_path):
    mask = np.asarray(Image.open(mask_path)).astype("uint8")
    mask = mask if mask.ndim == 2 else mask.max(axis=-1)
    return np.asarray(Image.open(image_path).convert("RGB")), (mask > 0).astype("uint8")


# %% q13_error_map
def error_map(truth, predicted):
    return np.where(truth == predicted, truth, np.where(truth == 1, 3, 2))
