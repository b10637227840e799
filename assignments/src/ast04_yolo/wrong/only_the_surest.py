# ---
# title: "Keeps only what scores above 0.8"
# loses:
#   q10_baseline_test: "lower the least score"
#   q10_good_test: "lower the least score"
#   q10_excellent_test: "lower the least score"
# files:
#   detections.csv: other/only_the_surest.csv
# ---
