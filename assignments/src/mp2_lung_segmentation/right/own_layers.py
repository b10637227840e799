# ---
# title: "Layers and functions of one's own, methods in classes, TensorFlow's functions"
# ---

# %% q01_read_pair


class Pair:
    def __init__(self, image_path, mask_path):
        self.image = np.asarray(Image.open(image_path).convert("L"))
        self.mask = np.asarray(Image.open(mask_path).convert("L"))

    def __iter__(self):
        yield np.dstack([self.image] * 3)
        yield (self.mask != 0) * 1


def read_pair(image_path, mask_path):
    return tuple(Pair(image_path, mask_path))


# %% q03_resize_pair
import tensorflow as tf


def resize_pair(image, mask, height, width):
    image = tf.image.resize(image, (height, width), method="bilinear", antialias=True) / 255
    mask = tf.image.resize(mask[..., None], (height, width), method="nearest")
    return tf.clip_by_value(image, 0.0, 1.0), mask[..., 0]


# %% q04_overlay
overlay = lambda image, mask, colour, opacity: (  # noqa: E731
    image + (mask * opacity)[..., None] * (np.reshape(colour, (1, 1, 3)) - image)
)


# %% q05_split_by_patient
def split_by_patient(patients, share, seed):
    patients = np.array(patients)
    names = np.array(sorted(set(patients)))
    np.random.RandomState(seed).shuffle(names)
    cut = round(len(names) * share)
    validation = np.concatenate([np.where(patients == name)[0] for name in names[:cut]])
    return np.setdiff1d(np.arange(len(patients)), validation), validation


# %% q07_aspp
class Block(keras.layers.Layer):
    def __init__(self, filters, size, rate=1, **options):
        super().__init__(**options)
        self.convolution = keras.layers.Conv2D(
            filters, size, padding="same", dilation_rate=rate, use_bias=False
        )
        self.normalise = keras.layers.BatchNormalization(momentum=0.9)

    def call(self, x, training=None):
        return keras.ops.relu(self.normalise(self.convolution(x), training=training))


class Pyramid(keras.layers.Layer):
    def __init__(self, filters, rates, **options):
        super().__init__(**options)
        self.point = Block(filters, 1)
        self.wide = [Block(filters, 3, rate) for rate in rates]
        self.pool = Block(filters, 1)
        self.join = Block(filters, 1)

    def call(self, x, training=None):
        mean = self.pool(keras.ops.mean(x, axis=(1, 2), keepdims=True), training=training)
        point = self.point(x, training=training)
        parts = [point, *(block(x, training=training) for block in self.wide)]
        parts.append(keras.ops.zeros_like(point) + mean)
        return self.join(keras.ops.concatenate(parts, axis=-1), training=training)


def aspp(input_shape, filters, rates):
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, Pyramid(filters, rates)(inputs))


# %% q08_decoder
def decoder(deep_shape, low_shape, filters, classes):
    deep, low = keras.Input(deep_shape), keras.Input(low_shape)
    x = keras.layers.UpSampling2D(4, interpolation="bilinear")(deep)
    x = keras.ops.concatenate([Block(48, 1)(low), x], axis=-1)
    for _ in range(2):
        x = Block(filters, 3)(x)
    x = keras.layers.Conv2D(classes, 1)(x)
    return keras.Model((deep, low), keras.layers.UpSampling2D(4, interpolation="bilinear")(x))


# %% q09_deeplab
def deeplab(input_shape, classes=1, filters=32, rates=(1, 2, 3)):
    base = encoder(input_shape)
    images = keras.Input(input_shape, name="x_rays")
    low, deep = base(images)
    height, width = input_shape[0] // 16, input_shape[1] // 16
    pyramid = aspp((height, width, 96), filters, rates)
    head = decoder((height, width, filters), (4 * height, 4 * width, 24), filters, classes)
    return keras.Model(images, head([pyramid(deep), low]))


# %% q11_dice_bce
def dice_bce(truth, logits):
    truth = tf.cast(truth, tf.float32)
    logits = tf.convert_to_tensor(logits, tf.float32)
    p = tf.nn.sigmoid(logits)
    axes = [1, 2, 3]
    soft = (2 * tf.reduce_sum(truth * p, axes) + 1) / (
        tf.reduce_sum(truth, axes) + tf.reduce_sum(p, axes) + 1
    )
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=logits)
    return tf.reduce_mean(1 - soft) + tf.reduce_mean(entropy)


# %% q12_to_masks
def to_masks(logits):
    return tf.cast(tf.sigmoid(logits[:, :, :, 0]) > 0.5, tf.int32)


# %% q13_error_map
def error_map(truth, predicted):
    truth, predicted = tf.cast(truth, tf.int32), tf.cast(predicted, tf.int32)
    return truth * predicted + 2 * truth * (1 - predicted) + 3 * (1 - truth) * predicted
