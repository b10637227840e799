# ---
# title: "Convolutions eat the border; the skip is handed across after the pooling"
# loses:
#   q09_contracting_test: "only the pooling makes the map smaller"
#   q09_expanding_test: "the output is as large as the skip"
#   q10_unet_parameters_test: "3 × 3 on the way up"
# ---
# %% q09_contracting
def contracting(side, channels, filters):
    inputs = keras.Input((side, side, channels))
    x = keras.layers.Conv2D(filters, 3, activation="relu")(inputs)
    x = keras.layers.Conv2D(filters, 3, activation="relu")(x)
    return keras.Model(inputs, [x, keras.layers.MaxPooling2D()(x)])


# %% q09_expanding
def expanding(side, channels, skip_channels, filters):
    deep = keras.Input((side, side, channels))
    skip = keras.Input((2 * side, 2 * side, skip_channels))
    x = keras.layers.Conv2DTranspose(filters, 2, strides=2)(deep)
    x = keras.layers.Concatenate()([skip, x])
    x = keras.layers.Conv2D(filters, 3, activation="relu")(x)
    x = keras.layers.Conv2D(filters, 3, activation="relu")(x)
    return keras.Model([deep, skip], x)


# %% q10_unet_parameters
def unet_parameters(channels, filters, classes):
    def conv(kernel, before, after):
        return (kernel * kernel * before + 1) * after

    total, maps = 0, channels
    for width in filters:
        total += conv(3, maps, width) + conv(3, width, width)
        maps = width
    for width in filters[-2::-1]:
        total += conv(3, maps, width) + conv(3, 2 * width, width) + conv(3, width, width)
        maps = width
    return total + conv(1, filters[0], classes)
