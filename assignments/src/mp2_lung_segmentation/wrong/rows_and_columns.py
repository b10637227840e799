# ---
# title: "Hands in masks with rows and columns swapped"
# loses:
#   q14_baseline_test: "rows and columns are swapped"
#   q14_good_test: "rows and columns are swapped"
#   q14_excellent_test: "rows and columns are swapped"
# files:
#   predictions.npz: other/rows_and_columns.npz
# ---
