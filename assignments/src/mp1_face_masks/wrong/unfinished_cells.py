# ---
# title: "One cell stops before it defines anything; another calls what does not exist"
# loses:
#   q05_output_size_test: "`output_size` does not exist"
#   q07_confusion_test: "`matrix_of` does not exist"
# ---

# %% q05_output_size
from convolution import sizes


def output_size(length, kernel, stride, padding):
    return sizes(length, kernel, stride, padding)


# %% q07_confusion
def confusion(truth, predicted, classes):
    return matrix_of(truth, predicted)
