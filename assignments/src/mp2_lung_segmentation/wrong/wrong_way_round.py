# ---
# title: "Hands in 1 for the background"
# loses:
#   q14_baseline_test: "the wrong way round"
#   q14_good_test: "the wrong way round"
#   q14_excellent_test: "the wrong way round"
# files:
#   predictions.npz: other/wrong_way_round.npz
# ---
