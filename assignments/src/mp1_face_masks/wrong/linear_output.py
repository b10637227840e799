# ---
# title: "No activation on the last unit; precision and recall of class 1 whatever is asked"
# loses:
#   q06_build_cnn_test: "a probability needs a sigmoid"
#   q07_precision_recall_test: "always class 1"
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
    model.add(keras.layers.Dense(1, activation="linear"))
    return model


# %% q07_precision_recall
def precision_recall(matrix, positive):
    matrix = np.asarray(matrix)
    hits, called, there = matrix[1, 1], matrix[:, 1].sum(), matrix[1].sum()
    return (hits / called if called else 0.0, hits / there if there else 0.0)
