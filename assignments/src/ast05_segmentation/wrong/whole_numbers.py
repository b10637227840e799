# ---
# title: "Makes the output of the image's type; counts pixels in uint8"
# loses:
#   q01_transposed_test: "make the output of floats, not of the image's type"
#   q06_image_dice_test: "uint8 holds numbers up to 255"
# ---

# %% q01_transposed
def transposed(image, kernel, stride):
    (h, w), (k, l) = image.shape, kernel.shape
    out = np.zeros(((h - 1) * stride + k, (w - 1) * stride + l), image.dtype)
    for i in range(h):
        for j in range(w):
            y, x = i * stride, j * stride
            out[y : y + k, x : x + l] = out[y : y + k, x : x + l] + image[i, j] * kernel
    return out


# %% q06_image_dice
def image_dice(masks, predictions):
    scores = []
    for m, p in zip(masks, predictions):
        total = m.sum() + p.sum()
        scores.append(2 * np.dot(m.ravel(), p.ravel()) / total if total else 1.0)
    return scores
