# ---
# title: "NumPy in one line each, float64 throughout"
# ---

# %% q02_class_weights
def class_weights(labels):
    counts = np.bincount(labels)
    return dict(enumerate(counts.sum() / (counts.size * counts)))


# %% q04_mirror
def mirror(images, mirrored):
    result = np.array(images, dtype=np.float64)
    chosen = np.flatnonzero(mirrored)
    result[chosen] = np.flip(result[chosen], axis=2)
    return result


# %% q05_output_size
def output_size(length, kernel, stride, padding):
    before_stride = {"valid": length - kernel + 1, "same": length}[padding]
    return int(np.ceil(before_stride / stride))


# %% q05_parameters
def parameters(kernel, channels, filters, bias=True):
    return int(np.prod([kernel, kernel, channels, filters])) + filters * int(bias)


# %% q07_confusion
def confusion(truth, predicted, classes):
    pairs = np.asarray(truth, int) * classes + np.asarray(predicted, int)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes).astype(np.float64)


# %% q07_precision_recall
def precision_recall(matrix, positive):
    matrix = np.asarray(matrix, np.float64)
    sums = np.array([matrix[:, positive].sum(), matrix[positive, :].sum()])
    return np.divide(matrix[positive, positive], sums, out=np.zeros(2), where=sums > 0)


# %% q08_grad_cam
def grad_cam(activations, gradients):
    heat = np.einsum("ijk,k->ij", activations, gradients.mean((0, 1)), dtype=np.float64).clip(min=0)
    return heat / max(heat.max(), np.finfo(float).tiny)


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    return np.argsort(-np.minimum(probabilities, 1 - np.asarray(probabilities)))[:count]


# %% q10_preprocess
def preprocess(images):
    return np.interp(images, [0, 255], [-1.0, 1.0])
