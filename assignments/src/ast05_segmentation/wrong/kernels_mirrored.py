# ---
# title: "Mirrors the kernel, as in the textbooks on signals; Dice for IoU"
# loses:
#   q01_transposed_test: "kernel flipped: a stamp is the kernel as it is"
#   q04_atrous_test: "kernel mirrored: Keras does not mirror"
#   q06_class_iou_test: "Dice: IoU divides by the union"
# ---
# %% q01_transposed
def transposed(image, kernel, stride):
    (h, w), (k, l) = image.shape, kernel.shape
    out = np.zeros(((h - 1) * stride + k, (w - 1) * stride + l))
    for i in range(h):
        for j in range(w):
            out[i * stride : i * stride + k, j * stride : j * stride + l] += image[i, j] * kernel[::-1, ::-1]
    return out


# %% q04_atrous
def atrous(image, kernel, rate):
    h, w, _ = image.shape
    size = len(kernel)
    border = rate * (size // 2)
    padded = np.pad(image, [(border, border)] * 2 + [(0, 0)])
    out = np.zeros((*(h, w), kernel.shape[-1]))
    for i in range(size):
        for j in range(size):
            part = padded[i * rate : i * rate + len(out), j * rate : j * rate + out.shape[1]]
            out += part @ kernel[-1 - i, -1 - j]
    return out


# %% q06_class_iou
def class_iou(masks, predictions, classes):
    scores = []
    for c in range(classes):
        a, b = masks == c, predictions == c
        total = a.sum() + b.sum()
        scores.append(2 * (a & b).sum() / total if total else np.nan)
    return scores
