# ---
# title: "Leans on scikit-learn and pandas; columns of shape (N, 1)"
# ---

# %% q01_load_faces
def load_faces(directory, side, batch_size):
    import pandas as pd

    files = sorted(path.relative_to(directory) for path in Path(directory).glob("*/*.jpg"))
    table = pd.DataFrame(
        {"file": [str(f) for f in files], "label": [float(f.parts[0] == "without_mask") for f in files]}
    )
    return cvlib.ImageDataGenerator(rescale=1 / 255.0).flow_from_dataframe(
        table,
        directory=directory,
        x_col="file",
        y_col="label",
        target_size=(side, side),
        batch_size=batch_size,
        class_mode="raw",
        shuffle=False,
    )


# %% q02_class_weights
def class_weights(labels):
    from sklearn.utils.class_weight import compute_class_weight

    classes = np.unique(labels)
    return dict(zip(classes, compute_class_weight("balanced", classes=classes, y=np.asarray(labels))))


# %% q07_confusion
def confusion(truth, predicted, classes):
    import pandas as pd

    table = pd.crosstab(pd.Series(truth, dtype=int), pd.Series(predicted, dtype=int))
    return table.reindex(index=range(classes), columns=range(classes), fill_value=0).fillna(0).to_numpy()


# %% q07_precision_recall
def precision_recall(matrix, positive):
    from sklearn.metrics import precision_score, recall_score

    matrix = np.asarray(matrix)
    truth, predicted = [], []
    for t in range(len(matrix)):
        for p in range(len(matrix)):
            truth += [t == positive] * int(matrix[t, p])
            predicted += [p == positive] * int(matrix[t, p])
    return (
        precision_score(truth, predicted, zero_division=0),
        recall_score(truth, predicted, zero_division=0),
    )


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    import pandas as pd

    distances = pd.Series(np.ravel(probabilities)).sub(0.5).abs()
    return distances.nsmallest(count).index.to_numpy().reshape(-1)


# %% q10_preprocess
def preprocess(images):
    images = np.asarray(images).astype("float64")
    images /= 255
    images -= 0.5
    images *= 2
    return images
