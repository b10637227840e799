# ---
# title: "Pools by the mean; batch normalisation where none is asked; up-sampling that learns nothing"
# loses:
#   q09_contracting_test: "pooled by the mean: the pooling takes the maximum"
#   q09_expanding_test: "batch normalisation is a good idea"
#   q10_unet_parameters_test: "nothing learnt on the way up"
# ---
# %% q09_contracting
def contracting(side, channels, filters):
    inputs = keras.Input((side, side, channels))
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, [x, keras.layers.AveragePooling2D(2)(x)])


# %% q09_expanding
def expanding(side, channels, skip_channels, filters):
    deep = keras.Input((side, side, channels))
    skip = keras.Input((2 * side, 2 * side, skip_channels))
    x = keras.layers.Concatenate()([skip, keras.layers.Conv2DTranspose(filters, 2, strides=2)(deep)])
    for _ in range(2):
        x = keras.layers.Conv2D(filters, 3, padding="same")(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
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
        total += conv(3, maps + width, width) + conv(3, width, width)
        maps = width
    return total + conv(1, filters[0], classes)
