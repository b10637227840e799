# ---
# title: "Takes one-hot labels; weighs a class by its share"
# loses:
#   q01_load_faces_test: "one column for each class"
#   q02_class_weights_test: "the weight goes down as the class grows"
# ---

# %% q01_load_faces
def load_faces(directory, side, batch_size):
    return cvlib.ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        directory, target_size=(side, side), batch_size=batch_size, class_mode="categorical", shuffle=False
    )


# %% q02_class_weights
def class_weights(labels):
    classes, counts = np.unique(labels, return_counts=True)
    return {int(c): n / len(labels) for c, n in zip(classes, counts)}
