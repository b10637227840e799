"""Grad-CAM: images a second, against tf-keras-vis on the flat model that both can explain."""

import statistics
import time

import numpy as np

BATCH, SIZE, CLASSES, ROUNDS = 32, 96, 10, 15


def measure():
    import keras
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    from cvlib.explain import GradCAM

    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2((SIZE, SIZE, 3), alpha=0.35, weights=None, classes=CLASSES)
    images = np.random.default_rng(0).uniform(-1, 1, (BATCH, SIZE, SIZE, 3)).astype("float32")
    targets = [index % CLASSES for index in range(BATCH)]
    _wake(model, images)

    # Each object is made once and used for every batch, as one would to explain a dataset.
    explainer = GradCAM(model, "out_relu")
    peer = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True)

    def ours():
        return explainer(images, targets)

    def theirs():
        return peer(
            CategoricalScore(targets),
            images,
            penultimate_layer="out_relu",
            seek_penultimate_conv_layer=False,
        )

    for _ in range(3):  # warms both up, and both must have computed the same
        difference = float(np.abs(ours() - theirs()).max())
    assert difference < 1e-4, f"the two disagree by {difference:.2g}"

    seconds = {ours: [], theirs: []}
    for _ in range(ROUNDS):
        for explain in (ours, theirs):
            start = time.perf_counter()
            explain()
            seconds[explain].append(time.perf_counter() - start)
    rates = {explain: BATCH / statistics.median(times) for explain, times in seconds.items()}
    return {
        "gradcam_vs_tf_keras_vis": {
            "ours": round(rates[ours], 1),
            "peer": round(rates[theirs], 1),
            "ratio": round(rates[ours] / rates[theirs], 2),
            "unit": "images/s",
            "data": "random images",
            "how": (
                f"MobileNetV2 alpha=0.35 at {SIZE}², batch {BATCH}, layer out_relu, a target an image, maps "
                f"at the image's size; medians of {ROUNDS} interleaved rounds after 3 to warm up; the maps "
                f"differ by at most {difference:.1g}"
            ),
        }
    }


def _wake(model, images):
    """Give BatchNorm the statistics of these images: untrained, the activations would die out on the way."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.2
    for _ in range(8):
        model(images, training=True)


if __name__ == "__main__":
    print(measure())
