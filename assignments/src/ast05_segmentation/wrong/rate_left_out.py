# ---
# title: "Leaves the rate out; the dilation too"
# loses:
#   q04_atrous_test: "rate left out: the cells that the kernel reads"
#   q05_receptive_field_test: "dilation left out: with a dilation of 2"
# ---
# %% q04_atrous
def atrous(image, kernel, rate):
    h, w, _ = image.shape
    size = len(kernel)
    rate = 1
    border = size // 2
    padded = np.pad(image, [(border, border)] * 2 + [(0, 0)])
    out = np.zeros((*(h, w), kernel.shape[-1]))
    for i in range(size):
        for j in range(size):
            part = padded[i * rate : i * rate + len(out), j * rate : j * rate + out.shape[1]]
            out += part @ kernel[i, j]
    return out


# %% q05_receptive_field
def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride, _ in layers:
        size += (kernel - 1) * jump
        jump *= stride
    return size, jump
