# ---
# title: "Flattens in place of pooling; swaps rows and columns of the confusion matrix"
# loses:
#   q06_build_cnn_test: "Flatten in place of global average pooling"
#   q07_confusion_test: "rows are the truth"
# ---

# %% q06_build_cnn
def build_cnn(side):
    model = keras.Sequential([keras.Input((side, side, 3))])
    for filters in (16, 32, 64, 64):
        model.add(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(keras.layers.BatchNormalization(momentum=0.9))
        model.add(keras.layers.ReLU())
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    return model


# %% q07_confusion
def confusion(truth, predicted, classes):
    matrix = np.zeros((classes, classes))
    for t, p in zip(truth, predicted):
        matrix[p, t] += 1
    return matrix
