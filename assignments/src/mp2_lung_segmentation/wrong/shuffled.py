# ---
# title: "Hands in good masks in another order"
# loses:
#   q14_baseline_test: "good masks, but of other pictures"
#   q14_good_test: "good masks, but of other pictures"
#   q14_excellent_test: "good masks, but of other pictures"
# files:
#   predictions.npz: other/shuffled.npz
# ---
