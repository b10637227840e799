# ---
# title: "Gives the decoder the deep map twice; the sigmoid is forgotten"
# loses:
#   q09_deeplab_test: "only the deep map reaches the output"
#   q11_dice_bce_test: "without the sigmoid"
# ---

# %% q09_deeplab
def deeplab(input_shape, classes=1, filters=32, rates=(1, 2, 3)):
    base = encoder(input_shape)
    _, deep = base.output
    x = aspp(deep.shape[1:], filters, rates)(deep)
    wide = keras.layers.UpSampling2D(4)(x)
    return keras.Model(base.input, decoder(x.shape[1:], wide.shape[1:], filters, classes)([x, wide]))


# %% q11_dice_bce
def dice_bce(truth, logits):
    t = keras.ops.cast(truth, "float32")
    p = logits
    common, areas = keras.ops.sum(t * p, (1, 2, 3)), keras.ops.sum(t + p, (1, 2, 3))
    soft = (2 * common + 1) / (areas + 1)
    entropy = keras.losses.binary_crossentropy(t, logits, from_logits=True)
    return keras.ops.mean(1 - soft) + keras.ops.mean(entropy)
