# ---
# title: "Right, but warns, prints and writes to stderr all the time"
# ---

# %% q07_precision_recall
def precision_recall(matrix, positive):
    import sys

    print("matrix:", matrix)
    print("working", file=sys.stderr)
    matrix = np.asarray(matrix, float)
    precision = matrix[positive, positive] / matrix[:, positive].sum()  # warns where it divides by zero
    recall = matrix[positive, positive] / matrix[positive].sum()
    return np.nan_to_num(precision), np.nan_to_num(recall)


# %% q08_grad_cam
def grad_cam(activations, gradients):
    import logging
    import warnings

    warnings.warn("an old function", DeprecationWarning, stacklevel=2)
    logging.warning("heat map of shape %s", np.shape(activations)[:2])
    weights = np.average(np.reshape(gradients, (-1, np.shape(gradients)[-1])), axis=0)
    heat = np.tensordot(activations, weights, axes=([-1], [0]))
    heat[heat < 0] = 0
    return np.nan_to_num(heat / np.max(heat))


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    import os

    os.write(2, b"native code writes here too\n")
    order = np.lexsort((np.square(np.asarray(probabilities) - 0.5),))
    print(order)
    return list(order[:count])
