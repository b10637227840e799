# ---
# title: "Leaves the ReLUs out; a usual convolution after repeating pixels; no bottom"
# loses:
#   q09_contracting_test: "no ReLU: a ReLU follows each convolution"
#   q09_expanding_test: "belongs to a usual convolution"
#   q10_unet_parameters_test: "no bottom"
# ---
# %% q09_contracting
def contracting(side, channels, filters):
    inputs = keras.Input((side, side, channels))
    x = keras.layers.Conv2D(filters, 3, padding="same")(inputs)
    x = keras.layers.Conv2D(filters, 3, padding="same")(x)
    return keras.Model(inputs, [x, keras.layers.MaxPooling2D()(x)])


# %% q09_expanding
def expanding(side, channels, skip_channels, filters):
    deep = keras.Input((side, side, channels))
    skip = keras.Input((2 * side, 2 * side, skip_channels))
    x = keras.layers.UpSampling2D(2)(deep)
    x = keras.layers.Conv2D(filters, 2, padding="same")(x)
    x = keras.layers.Concatenate()([skip, x])
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model([deep, skip], x)


# %% q10_unet_parameters
def unet_parameters(channels, filters, classes):
    def conv(kernel, before, after):
        return (kernel * kernel * before + 1) * after

    total, maps = 0, channels
    for width in filters[:-1]:
        total += conv(3, maps, width) + conv(3, width, width)
        maps = width
    maps = filters[-1]
    for width in filters[-2::-1]:
        total += conv(2, maps, width) + conv(3, 2 * width, width) + conv(3, width, width)
        maps = width
    return total + conv(1, filters[0], classes)
