"""The end of an exported detector: boxes from YOLO's maps and non-maximum suppression in one Keras layer."""

import keras
import numpy as np
from keras import ops

from cvlib.boxes.grid import cell_corners, decode_scale


@keras.saving.register_keras_serializable("cvlib")
class YOLODetections(keras.layers.Layer):
    """From maps of logits to detections, the best first.

    It keeps the same as `cvlib.boxes.batched_nms` with what `cvlib.boxes.yolo_decode` gives, with a fixed
    number of steps and shapes.

    Args:
        anchors: for each scale, (A, 2) widths and heights in pixels.
        image_size: (height, width) of the network's images in pixels.
        class_names: of the C classes; kept for whoever loads the file.
        score_threshold: detections with a lower score are left out.
        iou_threshold: of two detections of a class that overlap by more, the better is kept.
        max_detections: K, at most so many a picture.
        **options: as in Keras.

    Returns (`call`):
        dict of "boxes" float32 (B, K, 4), `xyxy` in pixels; "scores" float32 (B, K) and "classes" int32
        (B, K), zeros and −1 beyond "count" int32 (B,).
    """

    def __init__(
        self,
        anchors,
        image_size,
        class_names,
        score_threshold=0.25,
        iou_threshold=0.5,
        max_detections=100,
        **options,
    ):
        super().__init__(dtype=options.pop("dtype", "float32"), **options)
        self.anchors = [np.asarray(sizes, np.float32).tolist() for sizes in anchors]
        self.image_size = tuple(int(side) for side in image_size)
        self.class_names = list(class_names)
        self.score_threshold, self.iou_threshold = float(score_threshold), float(iou_threshold)
        self.max_detections = int(max_detections)

    def build(self, input_shape=None):
        """Nothing to make."""
        self.built = True

    def call(self, outputs):
        """See the class."""
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        boxes, scores = [], []
        for output, sizes in zip(outputs, self.anchors):
            height, width, maps = output.shape[1:]
            output = ops.reshape(output, (-1, height, width, len(sizes), maps // len(sizes)))
            cells = cell_corners(height, width)
            found, there, kinds = decode_scale(
                output, np.array(sizes, "float32"), cells, self.image_size, ops
            )
            boxes.append(ops.reshape(found, (-1, height * width * len(sizes), 4)))
            scores.append(ops.reshape(there * kinds, (-1, height * width * len(sizes), kinds.shape[-1])))
        return self._suppressed(ops.concatenate(boxes, 1), ops.concatenate(scores, 1))

    def _suppressed(self, boxes, scores):
        """The best is kept, what overlaps it in its class is crossed out, and so on, K times."""
        batch, (count, classes) = ops.shape(scores)[0], scores.shape[1:]
        area = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
        left = ops.where(scores >= self.score_threshold, scores, -1.0)
        places, kinds = ops.arange(count)[None, :, None], ops.arange(classes)[None, None]
        slots = ops.arange(self.max_detections)[None]

        def step(number, state):
            left, kept, best_scores, best_classes = state
            flat = ops.reshape(left, (batch, count * classes))
            best = ops.cast(ops.argmax(flat, -1), "int32")
            score = ops.take_along_axis(flat, best[:, None], 1)
            place, kind = best // classes, best % classes
            box = ops.take_along_axis(boxes, place[:, None, None], 1)
            sides = ops.minimum(box[..., 2:], boxes[..., 2:]) - ops.maximum(box[..., :2], boxes[..., :2])
            sides = ops.maximum(sides, 0.0)
            inter = sides[..., 0] * sides[..., 1]
            own = (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1])
            over = (inter > self.iou_threshold * (area + own - inter))[..., None]
            over = (over | (places == place[:, None, None])) & (kinds == kind[:, None, None])
            there = score >= self.score_threshold
            slot = slots == number
            kept = ops.where((slot & there)[..., None], box, kept)
            best_scores = ops.where(slot & there, score, best_scores)
            best_classes = ops.where(slot & there, kind[:, None], best_classes)
            return ops.where(over, -1.0, left), kept, best_scores, best_classes

        most = self.max_detections
        state = (
            left,
            ops.zeros((batch, most, 4), "float32"),
            ops.zeros((batch, most), "float32"),
            ops.full((batch, most), -1, "int32"),
        )
        _, kept, best_scores, best_classes = ops.fori_loop(0, most, step, state)
        return {
            "boxes": kept,
            "scores": best_scores,
            "classes": best_classes,
            "count": ops.sum(ops.cast(best_classes >= 0, "int32"), -1),
        }

    def compute_output_shape(self, input_shape):
        """Shapes of the dict."""
        first = input_shape[0] if isinstance(input_shape[0], (list, tuple)) else input_shape
        batch, most = first[0], self.max_detections
        return {
            "boxes": (batch, most, 4),
            "scores": (batch, most),
            "classes": (batch, most),
            "count": (batch,),
        }

    def compute_output_spec(self, outputs):
        """Shapes and dtypes of the dict."""
        shapes = self.compute_output_shape([tuple(each.shape) for each in keras.tree.flatten(outputs)])
        kinds = {"boxes": "float32", "scores": "float32", "classes": "int32", "count": "int32"}
        return {name: keras.KerasTensor(shape, kinds[name]) for name, shape in shapes.items()}

    def get_config(self):
        """The arguments, for saving."""
        names = ("anchors", "image_size", "class_names", "score_threshold", "iou_threshold", "max_detections")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
