# ---
# title: "Softmax over a single unit; swaps precision and recall"
# loses:
#   q06_build_cnn_test: "softmax over a single unit"
#   q07_precision_recall_test: "the other way round"
# ---

# %% q06_build_cnn
def build_cnn(side):
    model = keras.Sequential([keras.Input((side, side, 3))])
    for filters in (16, 32, 64, 64):
        model.add(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(keras.layers.BatchNormalization(momentum=0.9))
        model.add(keras.layers.ReLU())
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(1, activation="softmax"))
    return model


# %% q07_precision_recall
def precision_recall(matrix, positive):
    matrix = np.asarray(matrix)
    hits = matrix[positive, positive]
    rows, columns = matrix[positive].sum(), matrix[:, positive].sum()
    return (hits / rows if rows else 0, hits / columns if columns else 0)
