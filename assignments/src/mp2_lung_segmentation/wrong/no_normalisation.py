# ---
# title: "Forgets batch normalisation; cross-entropy of clipped probabilities"
# loses:
#   q07_aspp_test: "batch normalisation"
#   q08_decoder_test: "batch normalisation"
#   q11_dice_bce_test: "let cross-entropy work on the logits"
# ---

# %% q07_aspp
def convolution(x, filters, size, rate=1):
    return keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, activation="relu")(x)


def aspp(input_shape, filters, rates):
    features = keras.Input(input_shape)
    branches = [convolution(features, filters, 1)]
    branches += [convolution(features, filters, 3, rate) for rate in rates]
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(features)
    branches.append(keras.layers.UpSampling2D(input_shape[:2])(convolution(mean, filters, 1)))
    return keras.Model(features, convolution(keras.layers.Concatenate()(branches), filters, 1))


# %% q08_decoder
def convolution(x, filters, size, rate=1):
    return keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, activation="relu")(x)


def enlarge(x):
    return keras.layers.UpSampling2D(4, interpolation="bilinear")(x)


def decoder(deep_shape, low_shape, filters, classes):
    deep, low = keras.Input(deep_shape), keras.Input(low_shape)
    x = keras.layers.Concatenate()([enlarge(deep), convolution(low, 48, 1)])
    x = convolution(convolution(x, filters, 3), filters, 3)
    return keras.Model([deep, low], enlarge(keras.layers.Conv2D(classes, 1)(x)))


# %% q11_dice_bce
def dice_bce(truth, logits):
    t = keras.ops.cast(truth, "float32")
    p = keras.ops.sigmoid(logits)
    soft = (2 * keras.ops.sum(t * p, (1, 2, 3)) + 1) / (keras.ops.sum(t + p, (1, 2, 3)) + 1)
    entropy = -t * keras.ops.log(p + 1e-7) - (1 - t) * keras.ops.log(1 - p + 1e-7)
    return keras.ops.mean(1 - soft) + keras.ops.mean(entropy)
