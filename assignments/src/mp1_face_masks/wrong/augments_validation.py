# ---
# title: "Augments where it should only load; writes 2 for the number of classes"
# loses:
#   q01_load_faces_test: "without augmentation"
#   q02_class_weights_test: "always two classes"
# ---

# %% q01_load_faces
def load_faces(directory, side, batch_size):
    return cvlib.ImageDataGenerator(
        rescale=1 / 255, horizontal_flip=True, rotation_range=30
    ).flow_from_directory(
        directory, target_size=(side, side), batch_size=batch_size, class_mode="binary", shuffle=False
    )


# %% q02_class_weights
def class_weights(labels):
    classes, counts = np.unique(labels, return_counts=True)
    return {int(c): len(labels) / (2 * n) for c, n in zip(classes, counts)}
