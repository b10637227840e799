# ---
# title: "Forgets a return; calls what does not exist; hands in no file"
# loses:
#   q04_best_anchor_test: "the function ends without `return`"
#   q09_average_precision_test: "`average` does not exist"
#   q10_baseline_test: "was not handed in beside the notebook"
#   q10_good_test: "was not handed in"
#   q10_excellent_test: "was not handed in"
# files:
#   detections.csv: null
# ---

# %% q04_best_anchor
def best_anchor(sizes, anchors):
    shared = np.minimum(sizes[:, None], anchors[None]).prod(-1)
    np.argmax(shared / (sizes.prod(-1)[:, None] + anchors.prod(-1) - shared), axis=1)


# %% q09_average_precision
def average_precision(hits, scores, count):
    return average(hits, scores) / count
