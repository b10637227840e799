# ---
# title: "Leaves the pixels at 0 to 255, and gives MobileNetV2 pixels from 0 to 1"
# loses:
#   q01_load_faces_test: "rescale=1/255 is missing"
#   q10_preprocess_test: "this network wants −1 for black"
# ---

# %% q01_load_faces
def load_faces(directory, side, batch_size):
    return cvlib.ImageDataGenerator().flow_from_directory(
        directory, target_size=(side, side), batch_size=batch_size, class_mode="binary", shuffle=False
    )


# %% q10_preprocess
def preprocess(images):
    return np.asarray(images) / 255
