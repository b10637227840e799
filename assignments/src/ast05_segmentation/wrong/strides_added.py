# ---
# title: "Adds the strides; sees one channel only; IoU for Dice"
# loses:
#   q05_receptive_field_test: "strides multiply"
#   q04_atrous_test: "one channel only: sum over all channels"
#   q06_image_dice_test: "IoU: Dice counts the overlap twice"
# ---
# %% q04_atrous
def atrous(image, kernel, rate):
    from scipy.ndimage import correlate

    reach = rate * (len(kernel) - 1) + 1
    wide = np.zeros((reach, reach, kernel.shape[-1]))
    wide[::rate, ::rate] = kernel[:, :, 0]
    maps = [correlate(image[..., 0], wide[..., f], mode="constant") for f in range(kernel.shape[-1])]
    return np.stack(maps, axis=-1)


# %% q05_receptive_field
def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * jump
        jump += stride
    return size, jump


# %% q06_image_dice
def image_dice(masks, predictions):
    both = (masks * predictions).sum(axis=(1, 2))
    either = ((masks + predictions) > 0).sum(axis=(1, 2))
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)
