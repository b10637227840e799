# ---
# title: "Hands in whole batches only"
# loses:
#   q14_baseline_test: "the last, smaller batch was left out"
#   q14_good_test: "the last, smaller batch was left out"
#   q14_excellent_test: "the last, smaller batch was left out"
# files:
#   predictions.npz: other/last_batch_left_out.npz
# ---
