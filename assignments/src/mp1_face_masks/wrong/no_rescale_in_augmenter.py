# ---
# title: "Augments pixels from 0 to 255; swaps red and blue for left and right"
# loses:
#   q03_augmenter_test: "rescale=1/255 is missing"
#   q04_mirror_test: "the colours: the last axis"
# ---

# %% q03_augmenter
def augmenter():
    return cvlib.ImageDataGenerator(
        rotation_range=15,
        width_shift_range=0.1,
        height_shift_range=0.1,
        zoom_range=0.1,
        horizontal_flip=True,
    )


# %% q04_mirror
def mirror(images, mirrored):
    images = np.array(images)
    images[np.asarray(mirrored)] = images[np.asarray(mirrored)][..., ::-1]
    return images
