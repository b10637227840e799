# ---
# title: "Classes, decorators, types and tensors; tries things out between the answers"
# ---
# ruff: noqa: E731, F403, F405

# %% q01_load_faces
from functools import lru_cache, partial
from typing import Any, NamedTuple
import numpy.typing as npt
import tensorflow as tf
from keras import layers as L
from math import *


def load_faces(directory: str | Path, side: int, batch_size: int = 32) -> Any:
    "Iterator"
    gen = cvlib.ImageDataGenerator(rescale=1.0 / 255)
    faces = gen.flow_from_directory(
        str(directory), target_size=(side, side), batch_size=batch_size, class_mode="binary", shuffle=False
    )

    class Batches:
        def __len__(self):
            return len(faces)

        def __getitem__(self, number):
            x, y = faces[number]
            return tf.constant(x), tf.constant(y)

        def __iter__(self):
            return (self[i] for i in range(len(self)))

    return Batches()


batch = load_faces(SAMPLE, 32, 5)[0]
images, labels = batch
print(images.shape, labels)


# %% q02_class_weights
class Weights(dict):
    pass


def class_weights(labels: list[int]) -> dict[int, float]:
    from collections import Counter

    n = Counter(np.asarray(labels).tolist())
    out = Weights()
    for k in sorted(n):
        out[np.int64(k)] = np.float32(len(labels) / (len(n) * n[k]))
    return out


weights = class_weights([0, 0, 0, 1])
print(weights)


# %% q03_augmenter
class MyGenerator(cvlib.ImageDataGenerator):
    def __init__(self, **k):
        super().__init__(rescale=1 / 255, horizontal_flip=True, **k)


augmenter = partial(
    MyGenerator, rotation_range=15, width_shift_range=0.1, height_shift_range=0.1, zoom_range=0.1
)


# %% q04_mirror
class Mirror:
    """Callable."""

    axis = 2

    def __call__(self, images, mirrored):
        out = images.copy()
        for i in np.flatnonzero(mirrored):
            out[i] = np.flip(images[i], self.axis - 1)
        return out


mirror = Mirror()
step = np.arange(3)

# %% q05_output_size
output_size = lambda length, kernel, stride, padding: (
    ceil(length / stride) if padding == "same" else floor((length - kernel) / stride) + 1
)


# %% q05_parameters
@lru_cache
def parameters(kernel: int, channels: int, filters: int, bias: bool = True) -> np.int32:
    return np.int32((kernel * kernel * channels + int(bias)) * filters)


# %% q06_build_cnn
class FaceNet(keras.Model):
    def __init__(self, side):
        x = inp = keras.Input((side, side, 3))
        for f in (16, 32, 64, 64):
            x = L.Conv2D(f, 3, padding="same", use_bias=False)(x)
            x = L.BatchNormalization(momentum=0.9)(x)
            x = tf.keras.layers.ReLU()(x)
            x = L.MaxPooling2D()(x)
        x = L.GlobalAveragePooling2D()(x)
        super().__init__(inputs=inp, outputs=L.Dense(1, activation="sigmoid")(x))


def build_cnn(side):
    return FaceNet(side)


model = build_cnn(64)
model.summary()


# %% q07_confusion
def confusion(truth, predicted, classes):
    return tf.math.confusion_matrix(truth, predicted, num_classes=classes)


# %% q07_precision_recall
class PR(NamedTuple):
    precision: float
    recall: float


def precision_recall(matrix: npt.NDArray, positive: int) -> PR:
    m = tf.convert_to_tensor(matrix)
    tp = m[positive, positive]
    return PR(
        tf.math.divide_no_nan(tf.cast(tp, tf.float64), tf.cast(tf.reduce_sum(m[:, positive]), tf.float64)),
        tf.math.divide_no_nan(tf.cast(tp, tf.float64), tf.cast(tf.reduce_sum(m[positive]), tf.float64)),
    )


# %% q08_grad_cam
@tf.function
def _cam(a, g):
    a, g = tf.cast(a, tf.float32), tf.cast(g, tf.float32)
    heat = tf.nn.relu(tf.einsum("hwk,k->hw", a, tf.reduce_mean(g, (0, 1))))
    return tf.math.divide_no_nan(heat, tf.reduce_max(heat))


def grad_cam(activations, gradients):
    return _cam(activations, gradients)


heat = grad_cam(np.ones((2, 2, 2)), np.ones((2, 2, 2)))


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    return tf.argsort(tf.abs(tf.constant(probabilities) - 0.5))[:count]


# %% q10_preprocess
def preprocess(images):
    return tf.cast(images, tf.float32) / 127.5 - 1.0


# %% q11_transfer
def transfer(side, weights="imagenet"):
    base = tf.keras.applications.MobileNetV2((side, side, 3), alpha=0.35, include_top=False, weights=weights)
    base.trainable = False
    model = tf.keras.Sequential()
    model.add(base)
    model.add(L.GlobalAveragePooling2D())
    model.add(L.Dense(1, activation=tf.nn.sigmoid))
    return model


model = transfer(96, None)
