# ---
# title: "Does not round at all; lets a filter see one channel only"
# loses:
#   q05_output_size_test: "not a whole number"
#   q05_parameters_test: "a filter reaches through all channels"
# ---

# %% q05_output_size
def output_size(length, kernel, stride, padding):
    if padding == "same":
        return length / stride
    return (length - kernel) / stride + 1


# %% q05_parameters
def parameters(kernel, channels, filters, bias=True):
    return (kernel * kernel + int(bias)) * filters
