"""A YOLO network with YOLO's loss, as Keras's `fit` wants it."""

import keras

from cvlib.losses.yolo import yolo_loss


class YOLOTrainer(keras.Model):
    """A network with YOLO's loss; targets are dicts with "boxes" (B, N, 4) and "labels" (B, N).

    Args:
        network: from images to a map of logits a scale.
        anchors: for each scale, (A, 2) in pixels.
        options: dict of options of `cvlib.losses.yolo_loss`.
    """

    def __init__(self, network, anchors, options):
        super().__init__(name=f"{network.name}_trainer")
        self.network = network
        self.options = {"anchors": anchors, "image_size": network.input_shape[1:3], **options}
        self.means = {}

    def build(self, input_shape=None):
        """Nothing: the network is built."""
        self.built = True

    def call(self, images, training=False):
        """A list of maps, one a scale."""
        outputs = self.network(images, training=training)
        return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """YOLO's loss; its terms are shown in the progress bar and kept in the history."""
        terms = yolo_loss(y["boxes"], y["labels"], y_pred, return_terms=True, **self.options)
        for name, value in terms.items():
            self.means[name].update_state(value)
        return sum(terms.values()) + sum(self.losses, 0.0)

    def expect(self, terms):
        """Make a mean for each term; before `fit`, as Keras looks for them then."""
        self.means = {name: keras.metrics.Mean(name=name) for name in terms}
