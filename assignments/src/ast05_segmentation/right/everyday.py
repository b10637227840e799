# ---
# title: "Everyday habits: prints, plots, global names, a cache, seeds, models trained in between"
# ---
# ruff: noqa: B006, B007, E401, E712, F401, PIE808, SIM108, SIM201, UP031

# %% q01_transposed
# %matplotlib inline
import matplotlib.pyplot as plt
import warnings, sys, time, random

random.seed(1)
np.random.seed(1)
np.set_printoptions(precision=2)
s = 2


def transposed(image, kernel, stride):
    print("image", image.shape, file=sys.stderr)
    H, W = image.shape
    K, L = kernel.shape
    out = np.zeros([stride * (H - 1) + K, stride * (W - 1) + L])
    for k in range(0, K):
        for l in range(0, L):
            out[k : k + stride * H : stride, l : l + stride * W : stride][:H, :W] += image * kernel[k, l]
    return out


print(transposed(np.eye(2), np.ones((2, 2)), 2))


# %% q02_crop_same
def crop_same(full, kernel, stride):
    p = kernel - stride
    top = int(np.floor(p / 2))
    bottom = int(np.ceil(p / 2))
    if bottom == 0:
        return full
    if top == 0:
        return full[:-bottom, :-bottom].copy()
    return full[top:-bottom, top:-bottom]


crop_same(np.ones((5, 5)), 3, 2)


# %% q03_bilinear_kernel
def bilinear_kernel(factor, cache={}):
    if factor in cache:
        return cache[factor]
    size = 2 * factor - factor % 2
    if size % 2 == 1:
        center = factor - 1
    else:
        center = factor - 0.5
    og = np.ogrid[:size, :size]
    cache[factor] = (1 - abs(og[0] - center) / factor) * (1 - abs(og[1] - center) / factor)
    return cache[factor]


plt.figure()
plt.imshow(bilinear_kernel(8))
plt.colorbar()
plt.savefig("kernel.png")
plt.show()


# %% q04_atrous
def atrous(image, kernel, rate):
    import tensorflow as tf

    x = tf.constant(image[np.newaxis], dtype=tf.float32)
    w = tf.constant(kernel, dtype=tf.float32)
    result = (
        tf.nn.atrous_conv2d(x, w, rate=rate, padding="SAME") if rate > 1 else tf.nn.conv2d(x, w, 1, "SAME")
    )
    return result.numpy().squeeze(0)


# %% q05_receptive_field
def receptive_field(layers):
    global s
    r, s = 1, 1
    for i in range(0, len(layers)):
        k, st, d = layers[i][0], layers[i][1], layers[i][2]
        k_eff = k + (k - 1) * (d - 1)
        r = r + (k_eff - 1) * s
        s = s * st
        print("layer %d: r = %d, jump = %d" % (i, r, s))
    return {"size": r, "jump": s}["size"], s


# %% q06_class_iou
def class_iou(masks, predictions, classes):
    ious = []
    for c in range(classes):
        y = (masks == c).astype("uint8").flatten()
        p = (predictions == c).astype("uint8").flatten()
        intersection = np.logical_and(y, p).sum()
        union = np.logical_or(y, p).sum()
        ious.append(intersection / union)  # 0 / 0 warns, and gives nan
    return ious


# %% q06_image_dice
def image_dice(masks, predictions):
    results = []
    for i, (m, p) in enumerate(zip(masks, predictions)):
        try:
            results.append(2 * int((m * p).sum()) / int(m.sum() + p.sum()))
        except ZeroDivisionError:
            results.append(1.0)
        finally:
            time.sleep(0.0001)
    return results


# %% q07_cross_entropy
def cross_entropy(logits, labels, ignore_index=255):
    C = logits.shape[-1]
    z = logits.reshape(-1, C)
    y = labels.flatten()
    keep = [i for i in range(len(y)) if not y[i] == ignore_index]
    z, y = z[keep], y[keep]
    if len(keep) == 0:
        return float(0)
    m = np.max(z, axis=1)[:, np.newaxis]
    lse = np.log(np.sum(np.exp(z - m), axis=1, keepdims=True)) + m
    log_p = z - lse
    return float(-np.mean([log_p[i, y[i]] for i in range(len(y))]))


# %% q07_gradient
def cross_entropy_gradient(logits, labels, ignore_index=255):
    mask = labels == ignore_index
    e = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    p = e / np.sum(e, axis=-1, keepdims=True)
    for c in range(logits.shape[-1]):
        p[..., c] -= labels == c
    p[mask] = 0
    n = np.sum(mask == False)
    return p / n if n else p * 0


# %% q08_soft_dice_loss
def soft_dice_loss(masks, probabilities, smooth=1.0):
    loss = 0
    for b in range(masks.shape[0]):
        y, p = masks[b].flatten().astype(np.float64), probabilities[b].flatten()
        loss += 1 - (2.0 * np.sum(y * p) + smooth) / (np.sum(y) + np.sum(p) + smooth)
    return loss / masks.shape[0]


# %% q09_contracting
def contracting(side, channels, filters):
    keras.backend.clear_session()
    inputs = keras.layers.Input(shape=[side, side, channels], dtype="float32")
    x = inputs
    for i in range(2):
        x = keras.layers.Conv2D(filters=filters, kernel_size=3, strides=1, padding="same", name=f"conv_{i}")(
            x
        )
        x = keras.layers.Activation("relu", name=f"relu_{i}")(x)
    x = keras.layers.Dropout(0.1)(x)
    pooled = keras.layers.MaxPool2D(pool_size=2, name="pool")(x)
    model = keras.models.Model(inputs=[inputs], outputs=[x, pooled])
    model.summary()
    return model


contracting(8, 1, 2).predict(np.random.rand(2, 8, 8, 1), verbose=0)


# %% q09_expanding
def expanding(side, channels, skip_channels, filters):
    a = keras.layers.Input(shape=(side, side, channels), name="deep")
    b = keras.layers.Input(shape=(None, None, skip_channels), name="skip")
    b = keras.layers.Input(shape=(side * 2, side * 2, skip_channels), name="across")
    u = keras.layers.Conv2DTranspose(filters, (2, 2), strides=(2, 2), padding="valid", activation=None)(a)
    c = keras.layers.Concatenate(axis=-1)([u, b])
    c = keras.layers.Conv2D(filters, (3, 3), activation=keras.activations.relu, padding="same")(c)
    c = keras.layers.Conv2D(filters, (3, 3), activation="relu", padding="same")(c)
    model = keras.Model(inputs=[a, b], outputs=[c])
    model.compile("adam", "mse")
    return model


m = expanding(4, 2, 3, 2)
m.fit([np.zeros((2, 4, 4, 2)), np.zeros((2, 8, 8, 3))], np.zeros((2, 8, 8, 2)), verbose=1)


# %% q10_unet_parameters
def unet_parameters(channels, filters, classes):
    count = 0
    conv = lambda k, i, o: (k * k * i + 1) * o  # noqa: E731
    inp = channels
    for i, f in enumerate(filters):
        count += conv(3, inp, f)
        count += conv(3, f, f)
        inp = f
    for f in list(filters)[::-1][1:]:
        count += conv(2, inp, f)
        count += conv(3, f * 2, f)
        count += conv(3, f, f)
        inp = f
    count += conv(1, inp, classes)
    return int(count)
