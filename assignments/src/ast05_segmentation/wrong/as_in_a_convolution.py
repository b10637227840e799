# ---
# title: "Cuts half of the kernel, pads half of the kernel"
# loses:
#   q02_crop_same_test: "kernel − stride rows and columns are too many"
#   q04_atrous_test: "padded with zeros, the output is as large as the image"
# ---
# %% q02_crop_same
def crop_same(full, kernel, stride):
    border = kernel // 2
    return full[border : full.shape[0] - border, border : full.shape[1] - border]


# %% q04_atrous
def atrous(image, kernel, rate):
    h, w, _ = image.shape
    size = len(kernel)
    border = size // 2
    padded = np.pad(image, [(border, border)] * 2 + [(0, 0)])
    out = np.zeros(
        (
            *np.maximum(
                (h + 2 * (size // 2) - rate * (size - 1), w + 2 * (size // 2) - rate * (size - 1)), 0
            ),
            kernel.shape[-1],
        )
    )
    for i in range(size):
        for j in range(size):
            part = padded[i * rate : i * rate + len(out), j * rate : j * rate + out.shape[1]]
            out += part @ kernel[i, j]
    return out
