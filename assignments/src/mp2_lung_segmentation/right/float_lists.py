# ---
# title: "Floats, views, flips by index, arithmetic instead of conditions; a network built in one go"
# ---

# %% q01_read_pair
def read_pair(image_path, mask_path):
    with Image.open(image_path) as picture, Image.open(mask_path) as stencil:
        image = np.array(picture.convert("RGB"))
        mask = np.array(stencil.convert("RGBA"))[:, :, :3].sum(axis=2, dtype="int64")
    return image, np.sign(mask)


# %% q03_resize_pair
def resize_pair(image, mask, height, width):
    def blend(length, size):
        places = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        reach = max(length / size, 1.0)
        weights = np.maximum(0, 1 - np.abs(np.arange(length) - places[:, None]) / reach)
        return weights / weights.sum(axis=1, keepdims=True), np.round(places).astype(int)

    rows, row = blend(mask.shape[0], height)
    columns, column = blend(mask.shape[1], width)
    smaller = np.einsum("hy,wx,yxc->hwc", rows, columns, image / 255.0)
    return smaller.astype("float32"), mask[np.ix_(row, column)]


# %% q04_overlay
def overlay(image, mask, colour, opacity):
    result = np.array(image, dtype=float)
    inside = np.asarray(mask) == 1
    result[inside] = (1 - opacity) * result[inside] + opacity * np.asarray(colour, dtype=float)
    return result


# %% q06_augment
from scipy import ndimage


def augment(image, mask, seed):
    rng = np.random.default_rng([seed, 77])
    angle = rng.uniform(-10, 10)
    shift = rng.uniform(-0.1, 0.1, 2) * mask.shape

    def move(layer, order):
        turned = ndimage.rotate(layer, angle, reshape=False, order=order, mode="constant", cval=0)
        return ndimage.shift(turned, shift, order=order, mode="constant", cval=0)

    moved = np.stack([move(image[..., c], 1) for c in range(3)], axis=-1), move(mask, 0)
    return tuple(np.flip(one, axis=1) for one in moved) if seed % 2 else moved


# %% q09_deeplab
def deeplab(input_shape, classes=1, filters=32, rates=(1, 2, 3)):
    def convolution(x, filters, size, rate=1):
        x = keras.layers.Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False)(x)
        return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))

    images = keras.Input(input_shape)
    low, deep = encoder(input_shape)(images)
    branches = [convolution(deep, filters, 1)] + [convolution(deep, filters, 3, rate) for rate in rates]
    mean = convolution(keras.ops.mean(deep, axis=(1, 2), keepdims=True), filters, 1)
    branches.append(keras.layers.UpSampling2D((input_shape[0] // 16, input_shape[1] // 16))(mean))
    x = convolution(keras.layers.Concatenate()(branches), filters, 1)
    x = keras.layers.UpSampling2D(4, interpolation="bilinear")(x)
    x = keras.layers.Concatenate()([x, convolution(low, 48, 1)])
    x = convolution(convolution(x, filters, 3), filters, 3)
    x = keras.layers.Conv2D(classes, 1)(x)
    return keras.Model(images, keras.layers.UpSampling2D(4, interpolation="bilinear")(x))


# %% q10_overlap
def overlap(truth, predicted):
    t = np.reshape(truth, (len(truth), -1)).astype(float)
    p = np.reshape(predicted, (len(predicted), -1)).astype(float)
    hit, missed, invented = (t * p).sum(1), (t * (1 - p)).sum(1), ((1 - t) * p).sum(1)
    nothing = hit + missed + invented == 0
    return (
        (2 * hit + nothing) / (2 * hit + missed + invented + nothing),
        (hit + nothing) / (hit + missed + invented + nothing),
    )


# %% q11_dice_bce
def dice_bce(truth, logits):
    t = keras.ops.reshape(keras.ops.cast(truth, "float32"), (keras.ops.shape(truth)[0], -1))
    z = keras.ops.reshape(keras.ops.cast(logits, "float32"), keras.ops.shape(t))
    p = keras.ops.sigmoid(z)
    index = (2 * keras.ops.sum(t * p, axis=-1) + 1) / (keras.ops.sum(t + p, axis=-1) + 1)
    entropy = keras.ops.maximum(z, 0) - z * t + keras.ops.log1p(keras.ops.exp(-keras.ops.abs(z)))
    return keras.ops.mean(1 - index) + keras.ops.mean(entropy)


# %% q12_to_masks
def to_masks(logits):
    return (np.sign(np.asarray(logits)[:, :, :, 0]) + 1).astype(int) // 2


# %% q13_error_map
def error_map(truth, predicted):
    code = 2 * np.asarray(truth, int) + predicted
    return np.choose(code, [0, 3, 2, 1])
