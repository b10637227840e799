# ---
# title: "Cuts with full[a:-b]; Dice of empty masks is NaN"
# loses:
#   q02_crop_same_test: "everything cut off: `full[a:-b]` is empty"
#   q06_image_dice_test: "both masks empty is Dice 1"
# ---
# %% q02_crop_same
def crop_same(full, kernel, stride):
    before = (kernel - stride) // 2
    after = kernel - stride - before
    return full[before:-after, before:-after]


# %% q06_image_dice
def image_dice(masks, predictions):
    both = (masks * predictions).sum(axis=(1, 2))
    return 2 * both / (masks.sum(axis=(1, 2)) + predictions.sum(axis=(1, 2)))
