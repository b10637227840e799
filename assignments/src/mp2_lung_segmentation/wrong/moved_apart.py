# ---
# title: "Draws twice, for the image and for the mask; does not use the rates"
# loses:
#   q06_augment_test: "image and mask were moved differently"
#   q07_aspp_test: "the rates are not used"
# ---

# %% q06_augment
import cv2


def moved(layer, rng, how):
    height, width = layer.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), rng.uniform(-10, 10), 1)
    matrix[:, 2] += rng.uniform(-0.1, 0.1, 2) * (width, height)
    layer = cv2.warpAffine(layer, matrix, (width, height), flags=how)
    return layer[:, ::-1] if rng.random() < 0.5 else layer


def augment(image, mask, seed):
    rng = np.random.default_rng(seed)
    return moved(image, rng, cv2.INTER_LINEAR), moved(mask, rng, cv2.INTER_NEAREST)


# %% q07_aspp
def convolution(x, filters, size, rate=1):
    x = keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


def aspp(input_shape, filters, rates):
    features = keras.Input(input_shape)
    branches = [convolution(features, filters, 1)]
    branches += [convolution(features, filters, 3) for rate in rates]
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(features)
    branches.append(keras.layers.UpSampling2D(input_shape[:2])(convolution(mean, filters, 1)))
    return keras.Model(features, convolution(keras.layers.Concatenate()(branches), filters, 1))
