# ---
# title: "One cell stops before it defines anything; another calls what does not exist"
# loses:
#   q04_overlay_test: "`overlay` does not exist"
#   q10_overlap_test: "`measure_of` does not exist"
# ---

# %% q04_overlay
from painting import blend


def overlay(image, mask, colour, opacity):
    return blend(image, mask, colour, opacity)


# %% q10_overlap
def overlap(truth, predicted):
    return measure_of(truth, predicted)
