"""A detector around a YOLO network: trains, finds boxes in pictures of any size, is scored, exported."""

from typing import NamedTuple

import keras
import numpy as np

from cvlib.boxes.grid import yolo_decode
from cvlib.boxes.suppression import batched_nms
from cvlib.data.letterboxing import letterbox, unletterbox_boxes
from cvlib.losses.yolo import WEIGHTS
from cvlib.metrics.detection import mean_average_precision
from cvlib.models.box_batches import (
    ArrayBatches,
    CheckedBatches,
    checked_batch,
    checked_picture,
    padded,
)
from cvlib.models.detections import YOLODetections
from cvlib.models.guard import trainable_paths
from cvlib.models.scale_anchors import find_anchors, share_out
from cvlib.models.yolo_training import YOLOTrainer


class Detections(NamedTuple):
    """What was found in a picture, the best first.

    Attributes:
        boxes: float32 (N, 4), `xyxy` in pixels of the picture.
        scores: float32 (N,), in [0, 1].
        labels: int64 (N,), class numbers.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class Detector:
    """A network that gives YOLO's maps, with what is needed to use it.

    Args:
        model: from images (B, H, W, 3) in [0, 255] to a map of logits a scale, such as
            `cvlib.models.TinyYOLO` or `cvlib.models.YOLOv3` of a fixed size.
        class_names: names of the classes, as many as the model gives.
        anchors: for each of the model's maps, widths and heights in pixels of its images; or a flat list
            (K, 2), the largest for the coarsest map; or None: found by k-means in the data of the first
            `fit`.
        score_threshold: detections with a lower score are not shown by `predict`.
        iou_threshold: of two detections of a class that overlap by more, the better is kept.
        max_detections: at most so many in a picture.

    Attributes:
        model: the network.
        anchors: list of float64 (A, 2), or None before they are known.
        class_names: list of str.

    Raises:
        ValueError: if the model gives another number of classes or anchors, or its size is not fixed.

    Example:
        >>> from cvlib.models import Detector, TinyYOLO
        >>> network = TinyYOLO((96, 96, 3), classes=2, backbone=None, strides=(16,), widths=(8, 16, 32, 32))
        >>> detector = Detector(network, ["circle", "square"], anchors=[(16, 16), (32, 32), (64, 64)])
        >>> boxes, scores, labels = detector.predict([np.zeros((120, 200, 3), "uint8")])[0]
        >>> boxes.shape, scores.shape
        ((0, 4), (0,))
    """

    def __init__(
        self, model, class_names, anchors=None, score_threshold=0.25, iou_threshold=0.5, max_detections=100
    ):
        self.model, self.class_names = model, [str(name) for name in class_names]
        self.score_threshold, self.iou_threshold = score_threshold, iou_threshold
        self.max_detections = max_detections
        if isinstance(class_names, str) or not self.class_names:
            raise ValueError(f"class_names must be a list of names, got {class_names!r}")
        if len(set(self.class_names)) < len(self.class_names):
            raise ValueError(f"class_names must differ, got {self.class_names}")
        if None in model.input_shape[1:3]:
            raise ValueError(
                f"model must have a fixed size, got {model.input_shape[1:]}: build it with an input_shape of "
                "numbers"
            )
        shapes = model.output_shape if isinstance(model.output_shape, list) else [model.output_shape]
        self.image_size = model.input_shape[1:3]
        self.strides = [self.image_size[0] // shape[1] for shape in shapes]
        self._maps = [shape[-1] for shape in shapes]
        values = 5 + len(self.class_names)
        for maps in self._maps:
            if maps % values:
                raise ValueError(
                    f"class_names has {len(self.class_names)} names, but the model gives {maps} maps, no "
                    f"multiple of 5 + {len(self.class_names)}: build it with classes={len(self.class_names)}"
                )
        self._counts = [maps // values for maps in self._maps]
        self.anchors = (
            None if anchors is None else share_out(anchors, self._counts, self.image_size, self.strides)
        )
        self._trainer = self._compiled = self._trained = None

    def compile(
        self,
        optimizer=None,
        box_loss="ciou",
        loss_weights=None,
        ignore_above=0.5,
        match_above=None,
        **options,
    ):
        """Say how to train.

        Args:
            optimizer: of Keras, by default Adam with a learning rate of 1e-3.
            box_loss: as in `cvlib.losses.yolo_loss`: "squared" as published, "giou", "diou", "ciou".
            loss_weights: dict of factors of the loss's terms.
            ignore_above: as in `yolo_loss`.
            match_above: as in `yolo_loss`.
            **options: of `keras.Model.compile`, such as `jit_compile`.
        """
        if optimizer is None:
            optimizer = keras.optimizers.Adam(1e-3)
        loss = {"box_loss": box_loss, "weights": loss_weights}
        loss |= {"ignore_above": ignore_above, "match_above": match_above}
        self._compiled = {"optimizer": optimizer, **options}, loss
        self._trainer = None

    def fit(self, data, validation_data=None, epochs=1, batch_size=16, seed=0, **options):
        """Train, with Keras's progress bar.

        Args:
            data: batches (images, {"boxes", "labels"}), such as `ImageDataGenerator.flow(boxes=…)` gives:
                images (B, H, W, 3) in [0, 255] of the network's size; boxes (B, N, 4), `xyxy` in pixels, and
                labels (B, N), padded with −1. Or one such tuple of all pictures, where boxes and labels may
                be lists of another length for each.
            validation_data: likewise, or None.
            epochs: as in Keras.
            batch_size: pictures a batch, where `data` is a tuple.
            seed: of their order, where `data` is a tuple.
            **options: of `keras.Model.fit`, such as callbacks, initial_epoch, verbose, steps_per_epoch.

        Returns:
            Keras's `History`; its terms are those of `cvlib.losses.yolo_loss`.

        Raises:
            ValueError: naming the picture, for boxes without size or labels that no class has.
            RuntimeError: if layers were frozen or freed since `compile`.
        """
        data = self._batches(data, batch_size, seed, shuffle=True)
        if validation_data is not None:
            validation_data = self._batches(validation_data, batch_size, seed, shuffle=False)
        if self.anchors is None:
            self.anchors = find_anchors(data, self._counts, self.image_size, self.strides)
        if self._compiled is None:
            self.compile()
        if self._trainer is not None and self._trained != trainable_paths(self.model):
            raise RuntimeError(
                "`trainable` was changed since the last fit, which has no effect until the detector is "
                "compiled again: call detector.compile(...) now."
            )
        if self._trainer is None:
            self._trained = trainable_paths(self.model)
            arguments, loss = self._compiled
            self._trainer = YOLOTrainer(self.model, self.anchors, loss)
            box = ("centre", "size") if loss["box_loss"] == "squared" else ("iou",)
            self._trainer.expect(
                [name for name in WEIGHTS if name in (*box, "object", "background", "class")]
            )
            self._trainer.compile(**arguments)
        return self._trainer.fit(data, validation_data=validation_data, epochs=epochs, **options)

    def predict(self, images, score_threshold=None, iou_threshold=None, max_detections=None, batch_size=16):
        """Find objects.

        Args:
            images: list of arrays (H, W, 3) in [0, 255], each of any size, or an array (B, H, W, 3). Each is
                letterboxed: scaled to fit the network's size, with grey bars beside it.
            score_threshold: by default the detector's.
            iou_threshold: by default the detector's.
            max_detections: by default the detector's.
            batch_size: pictures at once.

        Returns:
            list of `Detections` (boxes, scores, labels), one a picture, the boxes in its own pixels and
            clipped to it.

        Raises:
            ValueError: for pictures that are not (H, W, 3), or were rescaled.
            RuntimeError: if there are no anchors yet.
        """
        if self.anchors is None:
            raise RuntimeError(
                "The detector has no anchors yet: call fit first, or pass anchors to Detector."
            )
        found = []
        for start in range(0, len(images), batch_size):
            pictures = [
                checked_picture(image, f"images[{start + i}]")
                for i, image in enumerate(images[start : start + batch_size])
            ]
            boxed = [letterbox(picture, self.image_size) for picture in pictures]
            batch = np.stack([picture for picture, _, _ in boxed]).astype(np.float32)
            outputs = self.model.predict_on_batch(batch)
            outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            boxes, there, kinds = yolo_decode(outputs, self.anchors, self.image_size)
            kept = batched_nms(
                boxes,
                there[..., None] * kinds,
                self.iou_threshold if iou_threshold is None else iou_threshold,
                self.score_threshold if score_threshold is None else score_threshold,
                self.max_detections if max_detections is None else max_detections,
            )
            for i, (picture, (_, scale, offset)) in enumerate(zip(pictures, boxed)):
                count = kept["count"][i]
                rows = unletterbox_boxes(kept["boxes"][i, :count], scale, offset, picture.shape[:2])
                found.append(Detections(rows, kept["scores"][i, :count], kept["classes"][i, :count]))
        return found

    def evaluate(self, data, score_threshold=0.01, iou_threshold=None, batch_size=16, **options):
        """Average precision.

        Args:
            data: as for `fit`; in a tuple, pictures may be of any size, with boxes in their own pixels.
            score_threshold: low, as every detection counts for the curve.
            iou_threshold: by default the detector's.
            batch_size: pictures at once.
            **options: of `cvlib.metrics.mean_average_precision`.

        Returns:
            `cvlib.metrics.detection.DetectionScores`: `.ap50`, `.per_class()`, …
        """
        truths, detections = [], []
        for images, boxes, labels in self._pictures(data):
            boxes, labels = padded(boxes, labels, len(images), len(self.class_names))
            for rows, numbers in zip(boxes, labels):
                truths.append({"boxes": rows[numbers >= 0], "classes": numbers[numbers >= 0]})
            for found in self.predict(images, score_threshold, iou_threshold, batch_size=batch_size):
                row = {"boxes": found.boxes, "classes": found.labels, "scores": found.scores}
                detections.append(row)
        return mean_average_precision(truths, detections, self.class_names, **options)

    def as_model(self, score_threshold=None, iou_threshold=None, max_detections=None):
        """The detector as one Keras model, with decoding and suppression inside.

        Args:
            score_threshold: by default the detector's.
            iou_threshold: by default the detector's.
            max_detections: by default the detector's.

        Returns:
            A `keras.Model` from images (B, H, W, 3) of the network's size in [0, 255] to what
            `cvlib.models.detections.YOLODetections` gives.
        """
        if self.anchors is None:
            raise RuntimeError(
                "The detector has no anchors yet: call fit first, or pass anchors to Detector."
            )
        images = keras.Input(self.model.input_shape[1:], name="images")
        detections = YOLODetections(
            self.anchors,
            self.image_size,
            self.class_names,
            self.score_threshold if score_threshold is None else score_threshold,
            self.iou_threshold if iou_threshold is None else iou_threshold,
            self.max_detections if max_detections is None else max_detections,
            name="detections",
        )
        return keras.Model(images, detections(self.model(images)), name=f"{self.model.name}_detector")

    def export(self, path, **options):
        """Write `as_model` as a SavedModel, for TensorFlow without Keras or this course.

        Args:
            path: a folder to write.
            **options: of `keras.Model.export`.
        """
        self.as_model().export(str(path), **options)

    def save(self, path):
        """Write all of it into a `.keras` file: what `as_model` gives, which Keras opens too.

        Args:
            path: ends in ".keras".
        """
        self.as_model().save(str(path))

    @classmethod
    def load(cls, path):
        """Read what `save` wrote.

        Args:
            path: of the file.

        Returns:
            A `Detector`.
        """
        whole = keras.saving.load_model(str(path), compile=False)
        end = whole.get_layer("detections")
        network = next(layer for layer in whole.layers if isinstance(layer, keras.Model))
        options = (end.score_threshold, end.iou_threshold, end.max_detections)
        return cls(network, end.class_names, [np.array(sizes) for sizes in end.anchors], *options)

    def _batches(self, data, batch_size, seed, shuffle):
        """Checked batches from what the user gave."""
        if isinstance(data, (tuple, list)):
            shape, names = self.model.input_shape, self.class_names
            images, targets = checked_batch(data, shape, names)
            return ArrayBatches(np.asarray(images), targets, batch_size, shuffle, seed)
        if not isinstance(data, keras.utils.PyDataset):
            raise TypeError(
                "data must be batches that can be indexed, such as ImageDataGenerator.flow(boxes=…) gives, "
                f'or a tuple (images, {{"boxes": …, "labels": …}}), got {type(data).__name__}'
            )
        return CheckedBatches(data, self.model.input_shape, self.class_names)

    def _pictures(self, data):
        """(images, boxes, labels), batch by batch."""
        if isinstance(data, (tuple, list)):
            images, targets = data
            yield images, targets["boxes"], targets["labels"]
            return
        for index in range(len(data)):
            images, targets = data[index]
            yield images, targets["boxes"], targets["labels"]
