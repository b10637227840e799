# ---
# title: "Hands the skip across after one convolution; adds it in place of concatenating; one convolution at a level"
# loses:
#   q09_contracting_test: "after the first convolution: the skip leaves"
#   q09_expanding_test: "the skip is not concatenated"
#   q10_unet_parameters_test: "one convolution in a block"
# ---
# %% q09_contracting
def contracting(side, channels, filters):
    inputs = keras.Input((side, side, channels))
    skip = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(skip)
    return keras.Model(inputs, [skip, keras.layers.MaxPooling2D()(x)])


# %% q09_expanding
def expanding(side, channels, skip_channels, filters):
    deep = keras.Input((side, side, channels))
    skip = keras.Input((2 * side, 2 * side, skip_channels))
    x = keras.layers.Conv2DTranspose(filters, 2, strides=2)(deep)
    across = (
        skip[..., :filters]
        if skip_channels >= filters
        else keras.ops.repeat(skip, filters, -1)[..., :filters]
    )
    x = keras.layers.Add()([x, across])
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model([deep, skip], x)


# %% q10_unet_parameters
def unet_parameters(channels, filters, classes):
    def conv(kernel, before, after):
        return (kernel * kernel * before + 1) * after

    total, maps = 0, channels
    for width in filters:
        total += conv(3, maps, width)
        maps = width
    for width in filters[-2::-1]:
        total += conv(2, maps, width) + conv(3, 2 * width, width)
        maps = width
    return total + conv(1, filters[0], classes)
