# ---
# title: "Classes, recursion, generators; a layer and a model of its own"
# ---

# %% q01_transposed
class Stamp:
    def __init__(self, kernel, stride):
        self.kernel, self.stride = np.asarray(kernel), stride

    def __call__(self, output, place, value):
        window = tuple(slice(p * self.stride, p * self.stride + k) for p, k in zip(place, self.kernel.shape))
        output[window] += value * self.kernel


def transposed(image, kernel, stride):
    stamp = Stamp(kernel, stride)
    output = np.zeros([(n - 1) * stride + k for n, k in zip(np.shape(image), np.shape(kernel))])
    for place, value in np.ndenumerate(image):
        stamp(output, place, value)
    return output


# %% q02_crop_same
def crop_same(full, kernel, stride):
    def along(rows):
        kept = (len(rows) - kernel) // stride * stride + stride
        return rows[(kernel - stride) // 2 :][:kept]

    return along(along(full).T).T


# %% q03_bilinear_kernel
class Tent:
    def __init__(self, factor):
        self.factor = factor

    def __iter__(self):
        rising = [(2 * i + 1) / (2 * self.factor) for i in range(self.factor)]
        if self.factor % 2:
            rising = [(i + 1) / self.factor for i in range(self.factor)]
            yield from rising[:-1]
            yield from rising[::-1]
        else:
            yield from rising
            yield from rising[::-1]


def bilinear_kernel(factor):
    return tuple(tuple(a * b for b in Tent(factor)) for a in Tent(factor))


# %% q04_atrous
def atrous(image, kernel, rate):
    class Zeros(dict):
        def __missing__(self, key):
            return np.zeros(image.shape[2])

    pixels = Zeros({(y, x): image[y, x] for y, x in np.ndindex(image.shape[:2])})
    m = len(kernel) // 2
    return np.array(
        [
            [
                sum(
                    pixels[y + (i - m) * rate, x + (j - m) * rate] @ kernel[i, j]
                    for i, j in np.ndindex(kernel.shape[:2])
                )
                for x in range(image.shape[1])
            ]
            for y in range(image.shape[0])
        ]
    )


# %% q05_receptive_field
from collections import namedtuple

Field = namedtuple("Field", "size jump")


def receptive_field(layers):
    if len(layers) == 0:
        return Field(1, 1)
    (kernel, stride, dilation), *rest = layers
    deeper = receptive_field(rest)
    return Field((deeper.size - 1) * stride + 1 + (kernel - 1) * dilation, stride * deeper.jump)


# %% q06_class_iou
def class_iou(masks, predictions, classes):
    def places(array, one):
        return {tuple(place) for place in np.argwhere(np.asarray(array) == one).tolist()}

    for one in range(classes):
        a, b = places(masks, one), places(predictions, one)
        yield len(a & b) / len(a | b) if a | b else float("nan")


def as_list(function):
    return lambda *given: list(function(*given))


class_iou = as_list(class_iou)


# %% q06_image_dice
class Overlap:
    def __init__(self, mask, prediction):
        self.mask, self.prediction = mask.astype(bool), prediction.astype(bool)

    @property
    def dice(self):
        wrong = (self.mask ^ self.prediction).sum()
        right = (self.mask & self.prediction).sum()
        return 1.0 if right + wrong == 0 else 1 / (1 + wrong / (2 * right)) if right else 0.0


def image_dice(masks, predictions):
    return np.array([Overlap(*pair).dice for pair in zip(masks, predictions)])[:, None]


# %% q07_cross_entropy
class CrossEntropy:
    def __init__(self, ignore_index):
        self.ignore_index = ignore_index

    def pixels(self, logits, labels):
        for place in np.ndindex(labels.shape):
            if labels[place] != self.ignore_index:
                z = logits[place] - logits[place][labels[place]]
                top = z.max()
                yield top + np.log(np.exp(z - top).sum())

    def __call__(self, logits, labels):
        losses = list(self.pixels(logits, labels))
        return sum(losses) / len(losses) if losses else 0.0


def cross_entropy(logits, labels, ignore_index=255):
    return CrossEntropy(ignore_index)(logits, labels)


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    n = (labels != ignore_index).sum()

    def pixel(z, y):
        if y == ignore_index:
            return np.zeros_like(z)
        # softmax_c = 1 / sum_k exp(z_k - z_c), which cannot give inf / inf
        with np.errstate(over="ignore"):
            shares = 1 / np.exp(z[None, :] - z[:, None]).sum(axis=1)
        shares[y] -= 1
        return shares / n

    flat = [pixel(z, y) for z, y in zip(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))]
    return np.array(flat).reshape(logits.shape)


# %% q08_soft_dice_loss
class SoftDice:
    smooth = 1.0

    def one(self, t, p):
        return 1 - (2 * np.vdot(t, p) + self.smooth) / (t.sum() + p.sum() + self.smooth)


def soft_dice_loss(masks, probabilities, smooth=1.0):
    loss = SoftDice()
    loss.smooth = smooth
    return np.array([np.mean([loss.one(t, p) for t, p in zip(masks, probabilities)])])


# %% q09_contracting
class Twice(keras.layers.Layer):
    def __init__(self, filters, **options):
        super().__init__(**options)
        self.first = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")
        self.second = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")

    def build(self, shape):
        self.first.build(shape)
        self.second.build((*shape[:-1], self.first.filters))

    def call(self, x):
        return self.second(self.first(x))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.second.filters)


def contracting(side, channels, filters):
    inputs = keras.Input((side, side, channels))
    skip = Twice(filters)(inputs)
    return keras.Model(inputs, [skip, keras.layers.MaxPooling2D(2)(skip)])


# %% q09_expanding
def expanding(side, channels, skip_channels, filters):
    deep = keras.Input((side, side, channels))
    skip = keras.Input((2 * side, 2 * side, skip_channels))
    up = keras.layers.Conv2DTranspose(filters, kernel_size=2, strides=2)(deep)
    return keras.Model([deep, skip], Twice(filters)(keras.ops.concatenate([up, skip], axis=-1)))


# %% q10_unet_parameters
def unet_parameters(channels, filters, classes):
    def convolution(kernel, before, after):
        return kernel**2 * before * after + after

    def below(seen, widths):
        width, *rest = widths
        own = convolution(3, seen, width) + convolution(3, width, width)
        if not rest:
            return own
        up = convolution(2, rest[0], width) + convolution(3, 2 * width, width) + convolution(3, width, width)
        return own + below(width, rest) + up

    return below(channels, list(filters)) + convolution(1, filters[0], classes)
