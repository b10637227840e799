# ---
# title: "Hands in the mean of the training masks"
# loses:
#   q14_baseline_test: "the same mask for every picture"
#   q14_good_test: "the same mask for every picture"
#   q14_excellent_test: "the same mask for every picture"
# files:
#   predictions.npz: other/mean_mask.npz
# ---
