# ---
# title: "Hands in boxes in pixels of a larger network input"
# loses:
#   q10_baseline_test: "not of the network's input"
#   q10_good_test: "not of the network's input"
#   q10_excellent_test: "not of the network's input"
# files:
#   detections.csv: other/network_pixels.csv
# ---
