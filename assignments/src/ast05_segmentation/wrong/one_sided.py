# ---
# title: "Cuts and pads on one side only"
# loses:
#   q02_crop_same_test: "all at the end: half of them go before"
#   q04_atrous_test: "padded on one side: pad all around"
# ---
# %% q02_crop_same
def crop_same(full, kernel, stride):
    height, width = full.shape
    return full[: height - kernel + stride, : width - kernel + stride]


# %% q04_atrous
def atrous(image, kernel, rate):
    h, w, _ = image.shape
    size = len(kernel)
    border = rate * (size - 1)
    padded = np.pad(image, [(border, 0)] * 2 + [(0, 0)])
    out = np.zeros((*(h, w), kernel.shape[-1]))
    for i in range(size):
        for j in range(size):
            part = padded[i * rate : i * rate + len(out), j * rate : j * rate + out.shape[1]]
            out += part @ kernel[i, j]
    return out
