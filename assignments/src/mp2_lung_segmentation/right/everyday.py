# ---
# title: "Everyday habits: lines for the shell, plots, prints, globals, helper cells, a model trained in between"
# ---
# ruff: noqa: B006, C408, E401, E712, F401, RUF059, SIM118, UP

# %% q01_read_pair
# %matplotlib inline
# !echo ready
import matplotlib.pyplot as plt
import sys, os, glob, warnings
from keras import layers, ops, Model

warnings.filterwarnings("error", category=UserWarning)
np.random.seed(1)
DEBUG = True


def to_grey(a):
    if a.mode == "P":
        a = a.convert("RGB")
    a = np.array(a)
    if a.dtype == bool:
        a = a.astype(np.uint8) * 255
    if a.ndim == 3 and a.shape[-1] in (2, 4):
        a = a[..., :-1]
    return a if a.ndim == 2 else a[..., 0]


def read_pair(image_path, mask_path):
    img = to_grey(Image.open(image_path))
    msk = to_grey(Image.open(mask_path))
    if DEBUG == True:
        print(image_path, img.shape, msk.max(), file=sys.stderr)
    return np.repeat(img[:, :, np.newaxis], 3, axis=2), np.uint8(msk > 0)


img, msk = read_pair(*paths_of(SAMPLE_NAMES[0]))
plt.subplot(1, 2, 1)
plt.imshow(img)
plt.subplot(1, 2, 2)
plt.imshow(msk)
plt.show()


# %% q02_mask_problems
def mask_problems(images, masks, verbose=True):
    bad = dict()
    for k in masks:
        if k not in images.keys():
            bad[k] = "no picture"
            continue
        h, w, c = images[k].shape
        if masks[k].shape[0] != h or masks[k].shape[1] != w:
            bad[k] = "other size"
        elif ((masks[k] != 0) & (masks[k] != 1)).any():
            bad[k] = "not labels"
        elif masks[k].sum() == 0:
            bad[k] = "empty"
    for k in images:
        if k not in masks.keys():
            bad[k] = "no mask"
    if verbose:
        print(len(bad), "problems")
    return bad


# %% q06_augment
def augment(image, mask, seed):
    np.random.seed(seed)
    angle = np.random.uniform(-10, 10)
    tx = np.random.uniform(-0.1, 0.1)
    ty = np.random.uniform(-0.1, 0.1)
    flip = np.random.rand() < 0.5

    def move(picture, how):
        w, h = picture.size
        picture = picture.rotate(angle, resample=how, translate=(int(tx * w), int(ty * h)), fillcolor=0)
        return picture.transpose(Image.FLIP_LEFT_RIGHT) if flip else picture

    rgb = [move(Image.fromarray(np.float32(image[..., c])), Image.BILINEAR) for c in range(3)]
    return np.stack([np.array(c) for c in rgb], -1).clip(0, 1), np.array(
        move(Image.fromarray(mask), Image.NEAREST)
    )


# %% q07_aspp
keras.backend.clear_session()


def cbr(t, f, k, **kw):
    t = layers.Conv2D(f, k, padding="same", use_bias=False, **kw)(t)
    t = layers.BatchNormalization(momentum=0.9)(t)
    return layers.ReLU()(t)


def aspp(input_shape, filters=32, rates=[6, 12, 18]):
    inp = layers.Input(input_shape)
    h, w, _ = input_shape
    out = [cbr(inp, filters, 1)]
    for r in rates:
        out.append(cbr(inp, filters, 3, dilation_rate=(r, r)))
    gp = layers.GlobalAvgPool2D()(inp)
    gp = layers.Reshape((1, 1, -1))(gp)
    gp = cbr(gp, filters, 1)
    out.append(ops.repeat(ops.repeat(gp, h, axis=1), w, axis=2))
    return Model(inp, cbr(layers.Concatenate(axis=-1)(out), filters, (1, 1)), name="ASPP")


# %% q08_decoder
def decoder(deep_shape, low_shape, filters, classes):
    a = layers.Input(deep_shape)
    b = layers.Input(low_shape)
    up = layers.UpSampling2D(size=(4, 4), interpolation="bilinear")
    c = cbr(b, 48, 1)
    d = layers.concatenate([up(a), c])
    d = cbr(d, filters, 3)
    d = layers.Dropout(0.1)(d)
    d = cbr(d, filters, 3)
    d = layers.Conv2D(classes, (1, 1), padding="same", activation=None, dtype="float32")(d)
    return Model([a, b], layers.UpSampling2D(size=(4, 4), interpolation="bilinear")(d))


# %% q09_deeplab
def deeplab(input_shape, classes=1, filters=32, rates=(1, 2, 3), compiled=True):
    h, w, _ = input_shape
    enc = encoder((h, w, 3))
    x = aspp((h // 16, w // 16, 96), filters, rates)(enc.outputs[1])
    d = decoder((h // 16, w // 16, filters), (h // 4, w // 4, 24), filters, classes)
    m = Model(enc.input, d([x, enc.outputs[0]]), name="DeepLabV3plus")
    if compiled:
        m.compile("adam", loss=dice_loss, metrics=["accuracy"])
    return m


def dice_loss(y, z):
    return dice_bce(y, z)


# %% q11_dice_bce
def dice_bce(truth, logits, smooth=1.0):
    y = ops.cast(truth, "float32")
    z = ops.cast(logits, "float32")
    p = ops.sigmoid(z)
    d = 0.0
    n = len(truth) if hasattr(truth, "__len__") else truth.shape[0]
    for i in range(n):
        d = d + 1 - (2.0 * ops.sum(y[i] * p[i]) + smooth) / (ops.sum(y[i]) + ops.sum(p[i]) + smooth)
    bce = keras.losses.binary_crossentropy(y, z, from_logits=True)
    return d / n + ops.mean(bce)


quick = deeplab((32, 32, 3))
quick.fit(np.random.rand(4, 32, 32, 3), np.ones((4, 32, 32, 1), "uint8"), batch_size=4, verbose=1)


# %% q12_to_masks
def to_masks(logits):
    probs = ops.convert_to_numpy(ops.sigmoid(logits))
    print(probs.min(), probs.max())
    out = np.zeros(probs.shape[:3], dtype=int)
    out[probs[..., 0] > 0.5] = 1
    return out


# %% q13_error_map
def error_map(truth, predicted):
    out = np.zeros(truth.shape, dtype=np.uint8)
    out[np.logical_and(truth == 1, predicted == 1)] = 1
    out[np.logical_and(truth == 1, predicted == 0)] = 2
    out[np.logical_and(truth == 0, predicted == 1)] = 3
    return out
