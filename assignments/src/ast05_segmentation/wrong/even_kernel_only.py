# ---
# title: "A bilinear kernel for even factors only; rows cut, columns forgotten"
# loses:
#   q03_bilinear_kernel_test: "always even: an odd factor needs one cell less"
#   q02_crop_same_test: "kernel − stride rows and columns"
# ---
# %% q03_bilinear_kernel
def bilinear_kernel(factor):
    size = 2 * factor
    tent = 1 - np.abs(np.arange(size) - (size - 1) / 2) / factor
    return np.outer(tent, tent)


# %% q02_crop_same
def crop_same(full, kernel, stride):
    before = (kernel - stride) // 2
    return full[before : before + len(full) - kernel + stride]
