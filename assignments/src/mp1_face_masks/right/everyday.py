# ---
# title: "Everyday habits: lines for the shell, plots, prints, seeds, a cache, a model trained in between"
# ---
# ruff: noqa: B006, E401, E712, F401, F841, PIE808, SIM, UP

# %% q01_load_faces
# !echo installed
# %matplotlib inline
import matplotlib.pyplot as plt
import warnings, sys, os, time, random

warnings.filterwarnings("error")
random.seed(1)
np.random.seed(1)
np.set_printoptions(precision=2)


def load_faces(directory, side, batch_size):
    generator = cvlib.ImageDataGenerator(rescale=1 / 255)
    return generator.flow_from_directory(
        directory, target_size=(side, side), batch_size=batch_size, class_mode="binary", shuffle=False
    )


batch = load_faces(SAMPLE, 64, 4)
plt.figure()
plt.imshow(batch[0][0][0])
plt.title("a face")
plt.savefig("face.png")
plt.show()


# %% q02_class_weights
# !pip --version
def class_weights(labels):
    counts = {}
    for l in labels:
        counts[l] = counts.get(l, 0) + 1
    print(counts, file=sys.stderr)
    return {k: np.float64(len(labels)) / (len(counts) * v) for k, v in counts.items()}


class_weights([0, 0, 1])


# %% q04_mirror
def mirror(images, mirrored):
    for i in range(len(images)):
        if mirrored[i] == True:
            images[i] = images[i][:, ::-1, :].copy()
    return images


# %% q05_output_size
cache = {}


def output_size(length, kernel, stride, padding):
    global cache
    key = (length, kernel, stride, padding)
    if key not in cache:
        if padding.lower() == "same":
            cache[key] = int(np.ceil(float(length) / float(stride)))
        elif padding.lower() == "valid":
            cache[key] = int(np.ceil(float(length - kernel + 1) / float(stride)))
        else:
            raise ValueError(f"unknown padding {padding}")
    return cache[key]


assert output_size(5, 3, 1, "valid") == 3
output_size(28, 5, 1, "valid")


# %% q05_parameters
def parameters(kernel, channels, filters, bias=True):
    match bias:
        case True:
            b = filters
        case _:
            b = 0
    return (n := kernel * kernel * channels * filters) + b


# %% q06_build_cnn
keras.backend.clear_session()


def build_cnn(side, filters=[16, 32, 64, 64], *, name=None):
    model = keras.models.Sequential(name=name)
    model.add(keras.layers.Input(shape=(side, side, 3)))
    for i, f in enumerate(filters, start=1):
        model.add(
            keras.layers.Conv2D(
                f,
                (3, 3),
                strides=1,
                padding="same",
                use_bias=False,
                kernel_initializer="he_normal",
                name=f"conv{i}",
            )
        )
        model.add(keras.layers.BatchNormalization(momentum=0.9, name=f"bn{i}"))
        model.add(keras.layers.Activation(keras.activations.relu, name=f"relu{i}"))
        model.add(keras.layers.MaxPooling2D(pool_size=(2, 2), strides=2, name=f"pool{i}"))
    model.add(keras.layers.GlobalAveragePooling2D(keepdims=False))
    model.add(
        keras.layers.Dense(
            1, activation="sigmoid", dtype="float32", kernel_regularizer=keras.regularizers.L2(1e-4)
        )
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=["accuracy", keras.metrics.AUC()],
    )
    return model


build_cnn(32).fit(np.random.rand(4, 32, 32, 3), np.array([0, 1, 0, 1]), verbose=1)


# %% q07_confusion
def confusion(truth, predicted, classes):
    cm = np.zeros([classes, classes], dtype="uint8")
    for i in range(0, len(truth)):
        cm[int(truth[i])][int(predicted[i])] = cm[int(truth[i])][int(predicted[i])] + 1
    return cm


# %% q07_precision_recall
def precision_recall(matrix, positive):
    try:
        TP = matrix[positive][positive]
        FP = sum(matrix[i][positive] for i in range(len(matrix)) if i != positive)
        FN = sum(matrix[positive][i] for i in range(len(matrix)) if i != positive)
        P = 0 if TP + FP == 0 else TP / (TP + FP)
        R = 0 if TP + FN == 0 else TP / (TP + FN)
        return P, R
    finally:
        time.sleep(0.001)


# %% q08_grad_cam
def grad_cam(activations, gradients):
    import tensorflow as tf

    a = tf.Variable(activations)
    weights = tf.reduce_mean(gradients, axis=[0, 1])
    heatmap = a @ weights[..., tf.newaxis]
    heatmap = tf.squeeze(heatmap)
    heatmap = tf.maximum(heatmap, 0)
    if tf.math.reduce_max(heatmap) != 0:
        heatmap = heatmap / tf.math.reduce_max(heatmap)
    return heatmap.numpy()


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    d = {i: abs(0.5 - p) for i, p in enumerate(probabilities)}
    return np.array([i for i, _ in sorted(d.items(), key=lambda item: item[1])][0:count])


# %% q10_preprocess
def preprocess(images):
    return (images / 255 - 0.5) * 2


# %% q11_transfer
def transfer(side, weights="imagenet"):
    keras.mixed_precision.set_global_policy("float32")
    base_model = keras.applications.mobilenet_v2.MobileNetV2(
        weights=weights, include_top=False, input_shape=[side, side, 3], alpha=0.35
    )
    base_model.trainable = False
    model = keras.models.Sequential(
        [
            base_model,
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1, activation=keras.ops.sigmoid),
        ]
    )
    model.build((None, side, side, 3))
    return model
