# ---
# title: "Takes only values above 127 for lung; the opacity the other way round"
# loses:
#   q01_read_pair_test: "the values above one half"
#   q04_overlay_test: "the opacity the other way round"
# ---

# %% q01_read_pair
def read_pair(image_path, mask_path):
    mask = np.asarray(Image.open(mask_path).convert("L"))
    return np.asarray(Image.open(image_path).convert("RGB")), (mask > 127).astype("uint8")


# %% q04_overlay
def overlay(image, mask, colour, opacity):
    inside = np.asarray(mask)[..., None]
    return np.where(inside, opacity * image + (1 - opacity) * np.array(colour), image)
