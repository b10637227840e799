# ---
# title: "Forgets the stride, in the stamps and in the receptive field; and the biases"
# loses:
#   q01_transposed_test: "begins (length − 1) · stride cells after the first"
#   q05_receptive_field_test: "stride left out: after a stride of 2"
#   q10_unet_parameters_test: "no biases"
# ---
# %% q01_transposed
def transposed(image, kernel, stride):
    stride = 1
    (h, w), (k, l) = image.shape, kernel.shape
    out = np.zeros(((h - 1) * stride + k, (w - 1) * stride + l))
    for i in range(h):
        for j in range(w):
            out[i * stride : i * stride + k, j * stride : j * stride + l] += image[i, j] * kernel
    return out


# %% q05_receptive_field
def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation
        jump *= stride
    return size, jump


# %% q10_unet_parameters
def unet_parameters(channels, filters, classes):
    def conv(kernel, before, after):
        return (kernel * kernel * before + 0) * after

    total, maps = 0, channels
    for width in filters:
        total += conv(3, maps, width) + conv(3, width, width)
        maps = width
    for width in filters[-2::-1]:
        total += conv(2, maps, width) + conv(3, 2 * width, width) + conv(3, width, width)
        maps = width
    return total + conv(1, filters[0], classes)
