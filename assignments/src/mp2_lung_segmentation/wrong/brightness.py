# ---
# title: "Hands in the dark pixels where lungs often are"
# loses:
#   q14_baseline_test: "is too low"
#   q14_good_test: "is too low"
#   q14_excellent_test: "is too low"
# files:
#   predictions.npz: other/brightness.npz
# ---
