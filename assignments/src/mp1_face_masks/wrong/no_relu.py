# ---
# title: "Leaves the ReLUs out; divides by zero"
# loses:
#   q06_build_cnn_test: "without ReLU"
#   q07_precision_recall_test: "where there is nothing to divide by"
# ---

# %% q06_build_cnn
def build_cnn(side):
    model = keras.Sequential([keras.Input((side, side, 3))])
    for filters in (16, 32, 64, 64):
        model.add(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(keras.layers.BatchNormalization(momentum=0.9))
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    return model


# %% q07_precision_recall
def precision_recall(matrix, positive):
    matrix = np.asarray(matrix).tolist()
    hits = matrix[positive][positive]
    return hits / sum(row[positive] for row in matrix), hits / sum(matrix[positive])
