# ---
# title: "Takes the rate for the number of holes; counts kernel in place of kernel − 1"
# loses:
#   q04_atrous_test: "one hole too many: rate 2 means two cells on"
#   q05_receptive_field_test: "one too many"
# ---
# %% q04_atrous
def atrous(image, kernel, rate):
    h, w, _ = image.shape
    size = len(kernel)
    step = rate + 1
    border = step * (size // 2)
    padded = np.pad(image, [(border, border)] * 2 + [(0, 0)])
    out = np.zeros((*(h, w), kernel.shape[-1]))
    for i in range(size):
        for j in range(size):
            part = padded[i * step : i * step + len(out), j * step : j * step + out.shape[1]]
            out += part @ kernel[i, j]
    return out


# %% q05_receptive_field
def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += kernel * dilation * jump
        jump *= stride
    return size, jump
