# ---
# title: "Forgets the ReLUs; batch normalisation in the last convolution too"
# loses:
#   q07_aspp_test: "is followed by batch normalisation and ReLU"
#   q08_decoder_test: "the last convolution is a plain one"
# ---

# %% q07_aspp
def convolution(x, filters, size, rate=1):
    x = keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False)(x)
    return keras.layers.BatchNormalization(momentum=0.9)(x)


def aspp(input_shape, filters, rates):
    features = keras.Input(input_shape)
    branches = [convolution(features, filters, 1)]
    branches += [convolution(features, filters, 3, rate) for rate in rates]
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(features)
    branches.append(keras.layers.UpSampling2D(input_shape[:2])(convolution(mean, filters, 1)))
    return keras.Model(features, convolution(keras.layers.Concatenate()(branches), filters, 1))


# %% q08_decoder
def convolution(x, filters, size, rate=1):
    x = keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


def enlarge(x):
    return keras.layers.UpSampling2D(4, interpolation="bilinear")(x)


def decoder(deep_shape, low_shape, filters, classes):
    deep, low = keras.Input(deep_shape), keras.Input(low_shape)
    x = keras.layers.Concatenate()([enlarge(deep), convolution(low, 48, 1)])
    x = convolution(convolution(x, filters, 3), filters, 3)
    return keras.Model(
        [deep, low], enlarge(keras.layers.BatchNormalization()(keras.layers.Conv2D(classes, 1)(x)))
    )
