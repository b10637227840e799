# ---
# title: "Scales the bilinear kernel to the sum 1; ReLU on the way up"
# loses:
#   q03_bilinear_kernel_test: "sums to 1: do not scale"
#   q09_expanding_test: "the transposed convolution has no activation"
# ---
# %% q03_bilinear_kernel
def bilinear_kernel(factor):
    size = 2 * factor - factor % 2
    tent = 1 - np.abs(np.arange(size) - (size - 1) / 2) / factor
    kernel = np.outer(tent, tent)
    return kernel / kernel.sum()


# %% q09_expanding
def expanding(side, channels, skip_channels, filters):
    deep = keras.Input((side, side, channels))
    skip = keras.Input((2 * side, 2 * side, skip_channels))
    x = keras.layers.Conv2DTranspose(filters, 2, strides=2, activation="relu")(deep)
    x = keras.layers.Concatenate()([x, skip])
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model([deep, skip], x)
