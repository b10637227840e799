# ---
# title: "Shifts by a tenth of a pixel; one convolution where two are asked for"
# loses:
#   q06_augment_test: "shift by up to a tenth of the height"
#   q08_decoder_test: "one convolution of 3 × 3, not two"
# ---

# %% q06_augment
import cv2


def augment(image, mask, seed):
    rng = np.random.default_rng(seed)
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), rng.uniform(-10, 10), 1)
    matrix[:, 2] += rng.uniform(-0.1, 0.1, 2) * 1
    image = cv2.warpAffine(image, matrix, (width, height))
    mask = cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_NEAREST)
    if rng.random() < 0.5:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% q08_decoder
def convolution(x, filters, size, rate=1):
    x = keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


def enlarge(x):
    return keras.layers.UpSampling2D(4, interpolation="bilinear")(x)


def decoder(deep_shape, low_shape, filters, classes):
    deep, low = keras.Input(deep_shape), keras.Input(low_shape)
    x = keras.layers.Concatenate()([enlarge(deep), convolution(low, 48, 1)])
    x = convolution(x, filters, 3)
    return keras.Model([deep, low], enlarge(keras.layers.Conv2D(classes, 1)(x)))
