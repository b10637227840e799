# ---
# title: "Rounds down with same padding; gives every input channel a bias"
# loses:
#   q05_output_size_test: "rounded down with same padding"
#   q05_parameters_test: "one bias for each channel"
# ---

# %% q05_output_size
def output_size(length, kernel, stride, padding):
    if padding == "same":
        return length // stride
    return (length - kernel) // stride + 1


# %% q05_parameters
def parameters(kernel, channels, filters, bias=True):
    total = kernel**2 * channels * filters
    return total + channels if bias else total
