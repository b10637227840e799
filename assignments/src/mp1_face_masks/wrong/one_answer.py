# ---
# title: "Hands in the same answer for every face"
# loses:
#   q12_baseline_test: "the same answer for every face"
#   q12_good_test: "the same answer for every face"
#   q12_excellent_test: "the same answer for every face"
# files:
#   predictions.csv: other/one_answer.csv
# ---
