# ---
# title: "Makes the output length times stride; multiplies the padded size"
# loses:
#   q01_transposed_test: "the last stamp begins"
#   q02_crop_same_test: "the odd one in front: if the number is odd"
# ---
# %% q01_transposed
def transposed(image, kernel, stride):
    (h, w), (k, l) = image.shape, kernel.shape
    out = np.zeros(((h - 1) * stride + k, (w - 1) * stride + l))
    for i in range(h):
        for j in range(w):
            out[i * stride : i * stride + k, j * stride : j * stride + l] += image[i, j] * kernel
    return out[: h * stride, : w * stride]


# %% q02_crop_same
def crop_same(full, kernel, stride):
    after = (kernel - stride) // 2
    before = kernel - stride - after
    return full[before : full.shape[0] - after, before : full.shape[1] - after]
