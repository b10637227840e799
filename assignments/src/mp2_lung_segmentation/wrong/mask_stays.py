# ---
# title: "Moves the image and forgets its mask; no image pooling"
# loses:
#   q06_augment_test: "only one of the two was moved"
#   q07_aspp_test: "image pooling is missing"
# ---

# %% q06_augment
import cv2


def augment(image, mask, seed):
    rng = np.random.default_rng(seed)
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), rng.uniform(-10, 10), 1)
    matrix[:, 2] += rng.uniform(-0.1, 0.1, 2) * (width, height)
    image = cv2.warpAffine(image, matrix, (width, height))
    return (image[:, ::-1] if rng.random() < 0.5 else image), mask


# %% q07_aspp
def convolution(x, filters, size, rate=1):
    x = keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


def aspp(input_shape, filters, rates):
    features = keras.Input(input_shape)
    branches = [convolution(features, filters, 1)]
    branches += [convolution(features, filters, 3, rate) for rate in rates]
    return keras.Model(features, convolution(keras.layers.Concatenate()(branches), filters, 1))
