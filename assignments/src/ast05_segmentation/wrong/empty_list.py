# ---
# title: "Begins with a field of 0; a class that is not there has IoU 0; smooths the Dice"
# loses:
#   q05_receptive_field_test: "begins with nothing"
#   q06_class_iou_test: "a class in neither has no IoU"
#   q06_image_dice_test: "smoothed: a term that smooths"
# ---
# %% q05_receptive_field
def receptive_field(layers):
    size, jump = 0, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * jump
        jump *= stride
    return size, jump


# %% q06_class_iou
def class_iou(masks, predictions, classes):
    scores = np.zeros(classes)
    for c in range(classes):
        either = np.sum((masks == c) | (predictions == c))
        if either > 0:
            scores[c] = np.sum((masks == c) & (predictions == c)) / either
    return scores


# %% q06_image_dice
def image_dice(masks, predictions):
    both = (masks * predictions).sum(axis=(1, 2))
    return (2 * both + 1) / (masks.sum(axis=(1, 2)) + predictions.sum(axis=(1, 2)) + 1)
