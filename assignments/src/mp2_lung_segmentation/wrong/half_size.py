# ---
# title: "Hands in masks of the network's own size"
# loses:
#   q14_baseline_test: "masks of another size than the images"
#   q14_good_test: "masks of another size than the images"
#   q14_excellent_test: "masks of another size than the images"
# files:
#   predictions.npz: other/half_size.npz
# ---
