# ---
# title: "Turns by radians; one branch after the other"
# loses:
#   q06_augment_test: "degrees, not radians"
#   q07_aspp_test: "the branches stand side by side"
# ---

# %% q06_augment
import cv2


def augment(image, mask, seed):
    rng = np.random.default_rng(seed)
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), np.deg2rad(rng.uniform(-10, 10)), 1)
    matrix[:, 2] += rng.uniform(-0.1, 0.1, 2) * (width, height)
    image = cv2.warpAffine(image, matrix, (width, height))
    mask = cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_NEAREST)
    if rng.random() < 0.5:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% q07_aspp
def convolution(x, filters, size, rate=1):
    x = keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


def aspp(input_shape, filters, rates):
    features = keras.Input(input_shape)
    branches = [convolution(features, filters, 1)]
    x = features
    for rate in rates:
        x = convolution(x, filters, 3, rate)
        branches.append(x)
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(features)
    branches.append(keras.layers.UpSampling2D(input_shape[:2])(convolution(mean, filters, 1)))
    return keras.Model(features, convolution(keras.layers.Concatenate()(branches), filters, 1))
