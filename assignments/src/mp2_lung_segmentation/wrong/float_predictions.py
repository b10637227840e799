# ---
# title: "Hands in probabilities"
# loses:
#   q14_baseline_test: "probabilities or logits?"
#   q14_good_test: "probabilities or logits?"
#   q14_excellent_test: "probabilities or logits?"
# files:
#   predictions.npz: other/floats.npz
# ---
