# ---
# title: "Forgets the +1, and the biases"
# loses:
#   q05_output_size_test: "one position short"
#   q05_parameters_test: "each filter also has one bias"
# ---

# %% q05_output_size
def output_size(length, kernel, stride, padding):
    if padding == "same":
        return -(-length // stride)
    return (length - kernel) // stride


# %% q05_parameters
def parameters(kernel, channels, filters, bias=True):
    return kernel * kernel * channels * filters
