# ---
# title: "Repeats the border; nearest neighbour in the decoder"
# loses:
#   q06_augment_test: "fill with a constant 0"
#   q08_decoder_test: "nearest neighbour makes blocks"
# ---

# %% q06_augment
import cv2


def augment(image, mask, seed):
    rng = np.random.default_rng(seed)
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), rng.uniform(-10, 10), 1)
    matrix[:, 2] += rng.uniform(-0.1, 0.1, 2) * (width, height)
    image = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(
        mask, matrix, (width, height), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    if rng.random() < 0.5:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% q08_decoder
def convolution(x, filters, size, rate=1):
    x = keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


def enlarge(x):
    return keras.layers.UpSampling2D(4, interpolation="nearest")(x)


def decoder(deep_shape, low_shape, filters, classes):
    deep, low = keras.Input(deep_shape), keras.Input(low_shape)
    x = keras.layers.Concatenate()([enlarge(deep), convolution(low, 48, 1)])
    x = convolution(convolution(x, filters, 3), filters, 3)
    return keras.Model([deep, low], enlarge(keras.layers.Conv2D(classes, 1)(x)))
