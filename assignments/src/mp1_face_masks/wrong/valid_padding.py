# ---
# title: "Leaves padding at its default; counts repeated pairs once"
# loses:
#   q06_build_cnn_test: "the convolutions eat the border"
#   q07_confusion_test: "each pair counted once"
# ---

# %% q06_build_cnn
def build_cnn(side):
    model = keras.Sequential([keras.Input((side, side, 3))])
    for filters in (16, 32, 64, 64):
        model.add(keras.layers.Conv2D(filters, 3, padding="valid", use_bias=False))
        model.add(keras.layers.BatchNormalization(momentum=0.9))
        model.add(keras.layers.ReLU())
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    return model


# %% q07_confusion
def confusion(truth, predicted, classes):
    matrix = np.zeros((classes, classes))
    matrix[truth, predicted] += 1
    return matrix
