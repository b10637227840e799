# ---
# title: "Finds shapes by their colour, without training"
# loses:
#   q10_baseline_test: "train longer"
#   q10_good_test: "train longer"
#   q10_excellent_test: "train longer"
# files:
#   detections.csv: other/no_training.csv
# ---
