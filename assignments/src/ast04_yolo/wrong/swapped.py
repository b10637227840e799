# ---
# title: "Hands in y before x"
# loses:
#   q10_baseline_test: "x and y are swapped"
#   q10_good_test: "x and y are swapped"
#   q10_excellent_test: "x and y are swapped"
# files:
#   detections.csv: other/swapped.csv
# ---
