# ---
# title: "Turns faces upside down; mirrors every image"
# loses:
#   q03_augmenter_test: "nobody is photographed upside down"
#   q04_mirror_test: "it must stay as it was"
# ---

# %% q03_augmenter
def augmenter():
    return cvlib.ImageDataGenerator(
        rotation_range=15,
        width_shift_range=0.1,
        height_shift_range=0.1,
        zoom_range=0.1,
        horizontal_flip=True,
        vertical_flip=True,
        rescale=1 / 255,
    )


# %% q04_mirror
def mirror(images, mirrored):
    return np.asarray(images)[:, :, ::-1]
