"""A detector out of a classifier: ask it about every window, one after the other, or all at once.

References:
    Sermanet et al., 2014, OverFeat, sections 3.3 and 3.5.
"""

import math

import keras
import numpy as np
from keras import layers

from cvlib._opencv import cv2
from cvlib.models.anchor_boxes import select_detections
from cvlib.models.head import check_classes, check_input_shape, predictions
from cvlib.models.sliding import fully_convolutional

METHODS = ("windows", "convolution")


def WindowClassifier(size=32, classes=4, filters=(16, 32), units=64, name="window_classifier"):
    """Build a classifier of small windows whose convolutions are not padded, so that it can slide.

    Args:
        size: of a window in pixels.
        classes: number of classes, background included: it is class 0.
        filters: number of maps of each block: a 3×3 convolution, ReLU and 2×2 max pooling.
        units: of the dense layer, which sees the last maps whole.
        name: of the model.

    Returns:
        A `keras.Model`, not compiled, from windows (B, size, size, 3) in [0, 255] to (B, classes)
        probabilities.

    Raises:
        ValueError: if the windows are too small for the blocks or `classes` is less than 2.

    Example:
        >>> WindowClassifier(32, classes=4).count_params()
        79140
    """
    smallest = 1
    for _ in filters:
        smallest = 2 * smallest + 2
    check_input_shape((size, size, 3), smallest)
    check_classes(classes, "softmax")
    images = keras.Input((size, size, 3), name="images")
    x = layers.Rescaling(1 / 255, name="rescaling")(images)
    for number, count in enumerate(filters, start=1):
        x = layers.Conv2D(count, 3, activation="relu", name=f"block{number}_conv")(x)
        x = layers.MaxPooling2D(2, name=f"block{number}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(units, activation="relu", name="dense")(x)
    return keras.Model(images, predictions(x, classes, "softmax"), name=name)


class SlidingDetector:
    """A window that slides over pictures of several sizes; where the classifier sees something, it is there.

    Objects are of many sizes, the window of one: so the pictures are made smaller and larger. A window of 32
    pixels on a picture at half size covers 64 of the original ones.

    Args:
        classifier: a `keras.Model` from windows (B, S, S, 3) to (B, classes), background first; its
            convolutions not padded. A `WindowClassifier`, say.
        scales: of the pictures.

    Attributes:
        size: S, side of the window.
        stride: step of the window in pixels of the scaled picture: the product of the classifier's strides.
        network: the classifier as convolutions only.

    Raises:
        ValueError: if the classifier's windows are not square, it is no chain of layers, or a scale is not
            positive.
    """

    def __init__(self, classifier, scales=(1.0,)):
        shape = tuple(classifier.input_shape)
        if len(shape) != 4 or None in shape[1:] or shape[1] != shape[2]:
            raise ValueError(f"classifier must take square windows of one size (B, S, S, C), got {shape}")
        if not scales or any(not scale > 0 for scale in scales):
            raise ValueError(f"scales must be above 0, such as (1.0, 0.5), got {scales!r}")
        self.classifier, self.size, self.scales = classifier, shape[1], tuple(scales)
        self.network = fully_convolutional(classifier)
        self.stride = math.prod(getattr(layer, "strides", (1,))[0] for layer in self.network.layers)

    def boxes(self, image_size):
        """Where the windows lie.

        Args:
            image_size: (height, width) in pixels.

        Returns:
            float32 array (N, 4), `xyxy` in pixels of the picture: scale after scale, row after row.

        Raises:
            ValueError: if at some scale the picture is smaller than the window.
        """
        found = []
        for height, width in self._sizes(image_size):
            rows, columns = ((side - self.size) // self.stride + 1 for side in (height, width))
            y, x = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
            corner = np.stack([x, y], -1).reshape(-1, 2) * self.stride
            zoom = np.array([image_size[1] / width, image_size[0] / height])
            found.append(np.concatenate([corner * zoom, (corner + self.size) * zoom], 1))
        return np.concatenate(found).astype(np.float32)

    def windows(self, image):
        """Every window, cut out.

        Args:
            image: array (H, W, 3).

        Returns:
            float32 array (N, S, S, 3), in the order of `boxes`.
        """
        parts = []
        for height, width in self._sizes(image.shape[:2]):
            scaled = _resized(image, height, width)
            view = np.lib.stride_tricks.sliding_window_view(scaled, (self.size, self.size), (0, 1))
            view = view[:: self.stride, :: self.stride].transpose(0, 1, 3, 4, 2)
            parts.append(view.reshape(-1, self.size, self.size, image.shape[2]))
        return np.concatenate(parts)

    def probabilities(self, images, method="convolution"):
        """What the classifier says about every window.

        Args:
            images: array (B, H, W, 3) in [0, 255].
            method: "windows": cut each out and classify it. "convolution": the same numbers from the fully
                convolutional network, which computes what windows share once.

        Returns:
            float32 array (B, N, classes), in the order of `boxes`.

        Raises:
            ValueError: if `method` is another word, or the images are not (B, H, W, 3).
        """
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
        images = np.asarray(images)
        if images.ndim != 4:
            raise ValueError(
                f"images must be (B, H, W, 3), got {images.shape}: add an axis with images[None]"
            )
        if method == "windows":
            return np.stack([self.classifier.predict(self.windows(image), verbose=0) for image in images])
        parts = []
        for height, width in self._sizes(images.shape[1:3]):
            scaled = np.stack([_resized(image, height, width) for image in images])
            maps = self.network.predict(scaled, verbose=0)
            rows, columns = ((side - self.size) // self.stride + 1 for side in (height, width))
            # Where a pooling leaves out the window's last row, the network finds room for one position more.
            parts.append(maps[:, :rows, :columns].reshape(len(images), -1, maps.shape[-1]))
        return np.concatenate(parts, 1)

    def detect(self, images, method="convolution", least=0.5, iou_threshold=0.3, most=100):
        """Objects in pictures.

        Args:
            images: array (B, H, W, 3) in [0, 255].
            method: as for `probabilities`.
            least: windows with a lower probability of every object are dropped.
            iou_threshold: of two windows of a class that overlap by more, the better is kept.
            most: at most so many a picture.

        Returns:
            A list with a dict for each picture: `boxes`, `classes` (from 0, background not counted) and
            `scores`.
        """
        scores = self.probabilities(images, method)[..., 1:]
        places = np.broadcast_to(self.boxes(np.shape(images)[1:3]), (*scores.shape[:2], 4))
        return select_detections(places, scores, least, iou_threshold, most)

    def _sizes(self, image_size):
        """(height, width) of the picture at each scale."""
        sizes = [tuple(round(side * scale) for side in image_size) for scale in self.scales]
        for scale, size in zip(self.scales, sizes):
            if min(size) < self.size:
                raise ValueError(
                    f"images must be at least {self.size} pixels a side at every scale, got "
                    f"{size[0]}×{size[1]} at scale {scale:g}: leave out the smallest scales"
                )
        return sizes


def _resized(image, height, width):
    image = np.asarray(image, np.float32)
    if image.shape[:2] == (height, width):
        return image
    smaller = height < image.shape[0]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
