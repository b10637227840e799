# ---
# title: "Counts the classes in another order"
# loses:
#   q10_baseline_test: "the boxes are right, their classes are not"
#   q10_good_test: "the boxes are right, their classes are not"
#   q10_excellent_test: "the boxes are right, their classes are not"
# files:
#   detections.csv: other/other_classes.csv
# ---
