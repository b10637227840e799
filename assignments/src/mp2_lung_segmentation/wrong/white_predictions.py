# ---
# title: "Hands in masks as white pictures"
# loses:
#   q14_baseline_test: "255 is white in a picture"
#   q14_good_test: "255 is white in a picture"
#   q14_excellent_test: "255 is white in a picture"
# files:
#   predictions.npz: other/white.npz
# ---
