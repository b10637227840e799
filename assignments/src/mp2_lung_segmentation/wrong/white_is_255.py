# ---
# title: "Leaves 255 in masks; takes logits above 0.5 for lung"
# loses:
#   q01_read_pair_test: "some files say 255 for lung"
#   q12_to_masks_test: "logits above 0.5: one half is a probability"
# ---

# %% q01_read_pair
def read_pair(image_path, mask_path):
    return np.asarray(Image.open(image_path).convert("RGB")), np.asarray(Image.open(mask_path).convert("L"))


# %% q12_to_masks
def to_masks(logits):
    return (np.asarray(logits)[..., 0] > 0.5).astype(int)
