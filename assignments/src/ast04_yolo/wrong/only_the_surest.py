# ---
# title: "Keeps only the sixty surest boxes"
# loses:
#   q10_baseline_test: "lower the least score"
#   q10_good_test: "lower the least score"
#   q10_excellent_test: "lower the least score"
# files:
#   detections.csv: other/only_the_surest.csv
# ---
