# ---
# title: "As matrices: the transpose of a convolution, products, traces; changes its own copies in place"
# ---

# %% q01_transposed
def transposed(image, kernel, stride):
    """The convolution that gathers, as a matrix; its transpose hands out."""
    (h, w), (k, l) = image.shape, kernel.shape
    rows, columns = (h - 1) * stride + k, (w - 1) * stride + l
    gather = np.zeros((h * w, rows * columns))
    for number, (i, j) in enumerate(np.ndindex(h, w)):
        one = np.zeros((rows, columns))
        one[i * stride : i * stride + k, j * stride : j * stride + l] = kernel
        gather[number] = one.ravel()
    return (gather.T @ image.ravel()).reshape(rows, columns)


# %% q02_crop_same
def crop_same(full, kernel, stride):
    def keep(length):
        wanted = length - (kernel - stride)
        return np.eye(wanted, length, k=(kernel - stride) // 2)

    return keep(full.shape[0]) @ full @ keep(full.shape[1]).T


# %% q03_bilinear_kernel
def bilinear_kernel(factor):
    size = factor * 2 - factor % 2
    centre = factor - 1 if size % 2 == 1 else factor - 0.5
    og = np.ogrid[:size, :size]
    return (1 - abs(og[0] - centre) / factor) * (1 - abs(og[1] - centre) / factor)


# %% q04_atrous
def atrous(image, kernel, rate):
    def shift(length, by):
        return np.eye(length, k=by)

    m = (len(kernel) - 1) // 2
    out = np.zeros((*image.shape[:2], kernel.shape[-1]))
    for i in range(len(kernel)):
        down = shift(len(image), (i - m) * rate)
        for j in range(len(kernel)):
            across = shift(image.shape[1], (j - m) * rate)
            out += np.einsum("ay,yxc,bx,cf->abf", down, image, across, kernel[i, j], optimize=True)
    return out


# %% q05_receptive_field
def receptive_field(layers):
    import functools

    # (size - 1, jump) is a row vector; each layer is a matrix
    steps = [np.array([[1, 0], [(k - 1) * d, s]]) for k, s, d in layers]
    total = functools.reduce(np.matmul, reversed(steps), np.eye(2, dtype=int))
    row = np.array([[0, 1]])
    for step in steps:
        row = row @ step
    assert total.shape == (2, 2)
    return np.asmatrix(row) + np.array([[1, 0]])


# %% q06_class_iou
def class_iou(masks, predictions, classes):
    numbers = np.arange(classes)[:, None]
    a = (masks.ravel() == numbers).astype("float32")
    b = (predictions.ravel() == numbers).astype("float32")
    table = a @ b.T
    union = table.sum(0) + table.sum(1) - table.diagonal()
    scores = np.full((classes, 1), np.nan)
    scores[union > 0, 0] = table.diagonal()[union > 0] / union[union > 0]
    return scores


# %% q06_image_dice
def image_dice(masks, predictions):
    scores = np.ones(len(masks), dtype=np.float16).astype(np.float64)
    for n in range(len(masks)):
        if masks[n].any() or predictions[n].any():
            scores[n] = 2 * np.trace(masks[n].astype(int) @ predictions[n].astype(int).T)
            scores[n] /= np.count_nonzero(masks[n]) + np.count_nonzero(predictions[n])
    return scores


# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    logits = logits.copy()
    labels = labels.copy()
    weights = np.ones(labels.shape)
    weights[labels == ignore_index] = 0
    labels[weights == 0] = 0
    logits -= logits.max(axis=-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    chosen = (np.eye(logits.shape[-1])[labels] * logits).sum(axis=-1)
    if weights.sum() == 0:
        return np.zeros(())
    return np.average(-chosen, weights=weights)


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=-1, keepdims=True)
    off = labels == ignore_index
    labels[off] = 0
    logits[(*np.indices(labels.shape), labels)] -= 1
    logits[off] = 0
    logits /= max((~off).sum(), 1)
    return logits


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    from fractions import Fraction

    losses = []
    for t, p in zip(masks, probabilities):
        above = 2 * np.tensordot(t, p, axes=2) + smooth
        below = np.linalg.norm(t.ravel(), 1) + np.linalg.norm(p.ravel(), 1) + smooth
        losses.append(Fraction(float((below - above) / below)))
    return float(sum(losses) / len(losses))


# %% q10_unet_parameters
def unet_parameters(channels, filters, classes):
    w = np.asarray(filters, float)
    two = 18 * np.dot(w, w) - 9 * w @ w + 2 * w.sum()
    into = 9 * (channels * w[0] + w[:-1] @ w[1:])
    up = 4 * w[:-1] @ w[1:] + 27 * w[:-1] @ w[:-1] + 3 * w[:-1].sum()
    return two + into + up + (w[0] + 1) * classes
