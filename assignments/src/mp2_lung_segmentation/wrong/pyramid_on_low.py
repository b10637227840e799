# ---
# title: "The pyramid on the low map; the loss goes up as masks get better"
# loses:
#   q09_deeplab_test: "aspp belongs on the deep map"
#   q11_dice_bce_test: "a loss goes down"
# ---

# %% q09_deeplab
def deeplab(input_shape, classes=1, filters=32, rates=(1, 2, 3)):
    base = encoder(input_shape)
    low, _ = base.output
    x = keras.layers.AveragePooling2D(4)(aspp(low.shape[1:], filters, rates)(low))
    return keras.Model(base.input, decoder(x.shape[1:], low.shape[1:], filters, classes)([x, low]))


# %% q11_dice_bce
def dice_bce(truth, logits):
    t = keras.ops.cast(truth, "float32")
    p = keras.ops.sigmoid(logits)
    common, areas = keras.ops.sum(t * p, (1, 2, 3)), keras.ops.sum(t + p, (1, 2, 3))
    soft = (2 * common + 1) / (areas + 1)
    entropy = keras.losses.binary_crossentropy(t, logits, from_logits=True)
    return keras.ops.mean(soft) + keras.ops.mean(entropy)
