# ---
# title: "Middle of the kernel at K // 2; a dilated kernel of kernel times dilation"
# loses:
#   q03_bilinear_kernel_test: "middle of an even kernel: the middle"
#   q05_receptive_field_test: "dilated kernel too long: from the first cell"
# ---
# %% q03_bilinear_kernel
def bilinear_kernel(factor):
    size = 2 * factor - factor % 2
    tent = 1 - np.abs(np.arange(size) - size // 2) / factor
    return np.outer(tent, tent)


# %% q05_receptive_field
def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel * dilation - 1) * jump
        jump *= stride
    return size, jump
