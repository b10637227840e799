# ---
# title: "Leaves the momentum of batch normalisation as Keras has it"
# loses:
#   q06_build_cnn_test: "pass momentum=0.9"
# ---

# %% q06_build_cnn
def build_cnn(side):
    model = keras.Sequential([keras.Input((side, side, 3))])
    for filters in (16, 32, 64, 64):
        model.add(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.ReLU())
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    return model
