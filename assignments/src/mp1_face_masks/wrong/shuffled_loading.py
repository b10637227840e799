# ---
# title: "Shuffles where the order matters; forgets the number of classes in the weights"
# loses:
#   q01_load_faces_test: "in the folder's order"
#   q02_class_weights_test: "k is missing"
# ---

# %% q01_load_faces
def load_faces(directory, side, batch_size):
    return cvlib.ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        directory, target_size=(side, side), batch_size=batch_size, class_mode="binary", shuffle=True
    )


# %% q02_class_weights
def class_weights(labels):
    classes, counts = np.unique(labels, return_counts=True)
    return {int(c): len(labels) / n for c, n in zip(classes, counts)}
