# ---
# title: "Gives the angle in radians; mirrors top and bottom"
# loses:
#   q03_augmenter_test: "in degrees, not in radians"
#   q04_mirror_test: "upside down: axis 1 holds the rows"
# ---

# %% q03_augmenter
def augmenter():
    return cvlib.ImageDataGenerator(
        rotation_range=np.pi / 12,
        width_shift_range=0.1,
        height_shift_range=0.1,
        zoom_range=0.1,
        horizontal_flip=True,
        rescale=1 / 255,
    )


# %% q04_mirror
def mirror(images, mirrored):
    result = np.array(images)
    for number, turn in enumerate(mirrored):
        if turn:
            result[number] = result[number][::-1]
    return result
