# ---
# title: "Overwrites where stamps overlap; takes the fields of layers times each other"
# loses:
#   q01_transposed_test: "overwritten: where two stamps overlap, they add up"
#   q05_receptive_field_test: "multiplied: each layer adds"
# ---
# %% q01_transposed
def transposed(image, kernel, stride):
    (h, w), (k, l) = image.shape, kernel.shape
    out = np.zeros(((h - 1) * stride + k, (w - 1) * stride + l))
    for i in range(h):
        for j in range(w):
            out[i * stride : i * stride + k, j * stride : j * stride + l] = image[i, j] * kernel
    return out


# %% q05_receptive_field
def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride, _ in layers:
        size *= kernel
        jump *= stride
    return size, jump
