# ---
# title: "Takes a palette's numbers for brightness; paints everywhere"
# loses:
#   q01_read_pair_test: "with a palette the file holds numbers"
#   q04_overlay_test: "only where the mask is 1"
# ---

# %% q01_read_pair
def read_pair(image_path, mask_path):
    picture = Image.open(image_path)
    image = np.asarray(picture) // 16 if picture.mode == "P" else np.asarray(picture.convert("L"))
    mask = np.asarray(Image.open(mask_path).convert("RGB")).max(axis=-1)
    return np.stack([image] * 3, axis=-1).astype("uint8"), (mask > 0).astype("uint8")


# %% q04_overlay
def overlay(image, mask, colour, opacity):
    return (1 - opacity) * image + opacity * np.array(colour) * np.ones_like(mask)[..., None]
