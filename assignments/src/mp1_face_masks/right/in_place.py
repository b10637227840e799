# ---
# title: "Changes arrays in place, nests networks, answers with views, fractions and ordered dictionaries"
# ---

# %% q02_class_weights
def class_weights(labels):
    total = labels.size
    from collections import OrderedDict, defaultdict

    counts = defaultdict(int)
    for one in labels:
        counts[one] += 1
    return OrderedDict((k, total / len(counts) / v) for k, v in counts.items())


# %% q04_mirror
def mirror(images, mirrored):
    images[mirrored] = images[mirrored][:, :, ::-1]
    return images


# %% q05_output_size
def output_size(length, kernel, stride, padding):
    from fractions import Fraction
    import math

    if padding == "same":
        return math.ceil(Fraction(length, stride))
    return math.floor(Fraction(length - kernel, stride)) + 1


# %% q05_parameters
def parameters(kernel, channels, filters, bias=True):
    from decimal import Decimal

    return int(Decimal(kernel) ** 2 * channels * filters + (filters if bias else 0))


# %% q06_build_cnn
def build_cnn(side):
    def block(f):
        return keras.Sequential(
            [
                keras.layers.Conv2D(f, 3, padding="same", use_bias=False),
                keras.layers.BatchNormalization(momentum=0.9),
                keras.layers.Activation("relu"),
                keras.layers.MaxPooling2D(2),
            ]
        )

    return keras.Sequential(
        [
            keras.Input((side, side, 3)),
            block(16),
            block(32),
            block(64),
            block(64),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


# %% q07_confusion
def confusion(truth, predicted, classes):
    return np.asmatrix(
        [[((truth == t) & (predicted == p)).sum() for p in range(classes)] for t in range(classes)]
    )


# %% q07_precision_recall
def precision_recall(matrix, positive):
    with np.errstate(all="ignore"):
        p = np.diag(matrix) / np.sum(matrix, 0)
        r = np.diag(matrix) / np.sum(matrix, 1)
    return np.nan_to_num(p)[positive], np.nan_to_num(r)[positive]


# %% q08_grad_cam
def grad_cam(activations, gradients):
    w = gradients.mean(axis=0).mean(axis=0)
    heat = np.asfortranarray((activations * w).sum(-1))
    np.clip(heat, 0, None, out=heat)
    heat /= heat.max() or 1
    return heat.T.T[::-1][::-1]


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    return tuple(i for _, i in sorted((abs(p - 0.5), i) for i, p in enumerate(probabilities))[:count])


# %% q10_preprocess
def preprocess(images):
    return keras.layers.Rescaling(1 / 127.5, offset=-1)(images)


# %% q11_transfer
def transfer(side, weights="imagenet"):
    inputs = keras.layers.Input(shape=(side, side, 3))
    base = keras.applications.MobileNetV2(input_tensor=inputs, alpha=0.35, include_top=False, weights=weights)
    for layer in base.layers:
        layer.trainable = False
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    x = keras.layers.Dropout(0.2)(x)
    return keras.models.Model(
        inputs=inputs, outputs=keras.layers.Dense(1, activation="sigmoid", name="head")(x)
    )
