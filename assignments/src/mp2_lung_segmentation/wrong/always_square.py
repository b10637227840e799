# ---
# title: "Builds every network square, with one class; a threshold in the loss"
# loses:
#   q09_deeplab_test: "height and width may differ"
#   q11_dice_bce_test: "a threshold has no slope"
# ---

# %% q09_deeplab
def deeplab(input_shape, classes=1, filters=32, rates=(1, 2, 3)):
    base = encoder(input_shape if input_shape == (96, 128, 3) else (input_shape[0], input_shape[0], 3))
    low, deep = base.output
    x = aspp(deep.shape[1:], filters, rates)(deep)
    return keras.Model(base.input, decoder(x.shape[1:], low.shape[1:], filters, 1)([x, low]))


# %% q11_dice_bce
def dice_bce(truth, logits):
    t = keras.ops.cast(truth, "float32")
    p = keras.ops.cast(logits > 0, "float32")
    common, areas = keras.ops.sum(t * p, (1, 2, 3)), keras.ops.sum(t + p, (1, 2, 3))
    soft = (2 * common + 1) / (areas + 1)
    entropy = keras.losses.binary_crossentropy(t, logits, from_logits=True)
    return keras.ops.mean(1 - soft) + keras.ops.mean(entropy)
