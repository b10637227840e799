# ---
# title: "Leaves the pyramid out; Dice of the whole batch"
# loses:
#   q09_deeplab_test: "aspp works on the deep map"
#   q11_dice_bce_test: "the whole batch as one picture"
# ---

# %% q09_deeplab
def deeplab(input_shape, classes=1, filters=32, rates=(1, 2, 3)):
    base = encoder(input_shape)
    low, deep = base.output
    return keras.Model(base.input, decoder(deep.shape[1:], low.shape[1:], filters, classes)([deep, low]))


# %% q11_dice_bce
def dice_bce(truth, logits):
    t = keras.ops.cast(truth, "float32")
    p = keras.ops.sigmoid(logits)
    common, areas = keras.ops.sum(t * p, None), keras.ops.sum(t + p, None)
    soft = (2 * common + 1) / (areas + 1)
    entropy = keras.losses.binary_crossentropy(t, logits, from_logits=True)
    return keras.ops.mean(1 - soft) + keras.ops.mean(entropy)
