# ---
# title: "Divides by the true pixels only; counts the background in the Dice"
# loses:
#   q06_class_iou_test: "recall: pixels that were called the class"
#   q06_image_dice_test: "pixel accuracy: background that both agree on"
# ---
# %% q06_class_iou
def class_iou(masks, predictions, classes):
    scores = []
    for c in range(classes):
        true = (masks == c).sum()
        scores.append(((masks == c) & (predictions == c)).sum() / true if true else np.nan)
    return scores


# %% q06_image_dice
def image_dice(masks, predictions):
    return (masks == predictions).mean(axis=(1, 2))
