# ---
# title: "Forgets the predictions file; and a return"
# loses:
#   q13_error_map_test: "the function ends without `return`"
#   q14_baseline_test: "was not handed in beside the notebook"
#   q14_good_test: "was not handed in beside the notebook"
#   q14_excellent_test: "was not handed in beside the notebook"
# files:
#   predictions.npz: null
# ---

# %% q13_error_map
def error_map(truth, predicted):
    np.where(truth == predicted, truth, np.where(truth == 1, 2, 3))
