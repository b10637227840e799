# ---
# title: "OpenCV for pictures, separable convolutions, Keras's own losses; masks handed in as bool with a channel"
# files:
#   predictions.npz: other/bool_with_channel.npz
# ---

# %% q01_read_pair
import cv2


def read_pair(image_path, mask_path):
    image = cv2.cvtColor(cv2.imread(image_path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    mask = cv2.imread(mask_path, cv2.IMREAD_GRAYSCALE)
    return image, np.where(mask > 0, 1, 0).astype(np.int32)


# %% q03_resize_pair
def resize_pair(image, mask, height, width):
    image = cv2.resize(image.astype("float32") / 255, (width, height), interpolation=cv2.INTER_AREA)
    return np.clip(image, 0, 1), cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)


# %% q04_overlay
def overlay(image, mask, colour, opacity):
    paint = np.ones_like(image) * np.array(colour)
    mixed = cv2.addWeighted(image, 1 - opacity, paint, opacity, 0)
    return np.where(mask.astype(bool)[..., np.newaxis], mixed, image)


# %% q06_augment
def augment(image, mask, seed):
    rng = np.random.default_rng(seed)
    angle, shift = rng.uniform(-10, 10), rng.uniform(-0.1, 0.1, 2)
    mirror = rng.integers(2)
    height, width = image.shape[:2]
    for turn in (cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0),):
        turn[0, 2] += shift[0] * width
        turn[1, 2] += shift[1] * height
        image = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_CONSTANT)
        mask = cv2.warpAffine(mask, turn, (width, height), flags=cv2.INTER_NEAREST)
    if mirror:
        image, mask = cv2.flip(image, 1), cv2.flip(mask, 1)
    return image, mask


# %% q07_aspp
def block(x, filters, size, rate=1):
    layer = keras.layers.SeparableConv2D if size > 1 else keras.layers.Conv2D
    x = layer(filters, size, dilation_rate=rate, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    return keras.layers.Activation("relu")(x)


def aspp(input_shape, filters, rates):
    inputs = keras.layers.Input(shape=input_shape)
    pooled = keras.layers.AveragePooling2D(pool_size=tuple(input_shape[:2]))(inputs)
    pooled = block(pooled, filters, 1)
    pooled = keras.layers.UpSampling2D(size=tuple(input_shape[:2]), interpolation="bilinear")(pooled)
    parts = [pooled, block(inputs, filters, 1), *(block(inputs, filters, 3, rate) for rate in rates)]
    return keras.Model(inputs=inputs, outputs=block(keras.layers.concatenate(parts, axis=-1), filters, 1))


# %% q08_decoder
def decoder(deep_shape, low_shape, filters, classes):
    deep, low = keras.layers.Input(deep_shape, name="deep"), keras.layers.Input(low_shape, name="low")
    wide = keras.ops.image.resize(deep, low_shape[:2], interpolation="bilinear")
    x = keras.layers.concatenate([wide, block(low, 48, 1)])
    x = block(block(x, filters, 3), filters, 3)
    x = keras.layers.UpSampling2D((4, 4), interpolation="bilinear")(x)
    return keras.Model(inputs=[deep, low], outputs=keras.layers.Conv2D(classes, 1, name="logits")(x))


# %% q10_overlap
def overlap(truth, predicted):
    t, p = truth.astype(bool), predicted.astype(bool)
    both, either = (t & p).sum((1, 2)), (t | p).sum((1, 2))
    iou = np.divide(both, either, out=np.ones(len(t)), where=either > 0)
    return 2 * iou / (1 + iou), iou


# %% q11_dice_bce
def dice_bce(truth, logits):
    truth = keras.ops.cast(truth, logits.dtype)
    soft = keras.ops.sigmoid(logits)
    dice = 1 - (2 * keras.ops.sum(truth * soft, (1, 2, 3)) + 1) / (keras.ops.sum(truth + soft, (1, 2, 3)) + 1)
    return keras.ops.mean(dice) + keras.losses.BinaryCrossentropy(from_logits=True)(truth, logits)


# %% q12_to_masks
def to_masks(logits):
    return np.round(1 / (1 + np.exp(-np.squeeze(logits, axis=-1)))).astype(int)
