# ---
# title: "Forgets the predictions file, and a return"
# loses:
#   q09_most_uncertain_test: "the function ends without `return`"
#   q12_baseline_test: "was not handed in beside the notebook"
#   q12_good_test: "was not handed in"
#   q12_excellent_test: "was not handed in"
# files:
#   predictions.csv: null
# ---

# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    order = np.argsort(np.abs(np.asarray(probabilities) - 0.5))
    order[:count]
