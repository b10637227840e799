"""DeepLabV3+: time of an inference and a training step against keras-hub's, on one and the same backbone.

keras-hub cannot dilate a backbone, so it is given ours: the same dilated ResNet50, by way of its documented
`pyramid_outputs`. What differs is the pyramid and the decoder. Ratios are ours / peer: below 1 is faster.
"""

import statistics
import time

import numpy as np

SIZE, BATCH, CLASSES, STRIDE = 256, 2, 2, 16
ROUNDS, WARM_UP = 7, 2


def measure():
    import keras

    images = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3)).astype("float32")
    masks = np.random.default_rng(1).integers(0, CLASSES, (BATCH, SIZE, SIZE, 1)).astype("int32")
    models = {"ours": ours(), "plain": ours(separable=False), "peer": peer()}
    outputs = {name: model.predict(images, verbose=0).shape for name, model in models.items()}
    assert set(outputs.values()) == {(BATCH, SIZE, SIZE, CLASSES)}, outputs
    for model in models.values():
        model.compile(
            keras.optimizers.SGD(0.001), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        )

    infer = medians(
        {name: lambda model=model: model.predict_on_batch(images) for name, model in models.items()}
    )
    train = medians(
        {name: lambda model=model: model.train_on_batch(images, masks) for name, model in models.items()}
    )
    sizes = ", ".join(f"{name} {model.count_params():,}" for name, model in models.items())
    how = (
        f"ResNet50 dilated to stride {STRIDE} (the same in both), images {SIZE}², batch {BATCH}, {CLASSES} "
        f"classes, logits, float32; medians of {ROUNDS} interleaved steps after {WARM_UP} to warm up; less "
        f"is faster; parameters: {sizes}; keras-hub has plain atrous convolutions and a 1×1 decoder, ours "
        "separable ones, the paper's two 3×3, and the preprocessing inside; with plain ones ours"
    )
    return {
        "deeplab_infer_vs_keras_hub": entry(infer, f"predict_on_batch, {how}"),
        "deeplab_train_vs_keras_hub": entry(train, f"train_on_batch with SGD and cross-entropy, {how}"),
    }


def ours(separable=True):
    """Our DeepLabV3+ from images in [0, 255] to logits; the paper's separable convolutions, or plain ones."""
    from cvlib.models import DeepLabV3Plus

    return DeepLabV3Plus(
        (SIZE, SIZE, 3),
        CLASSES,
        "ResNet50",
        STRIDE,
        weights=None,
        classifier_activation=None,
        separable=separable,
    )


def peer():
    """keras-hub's DeepLabV3+ on the same dilated backbone, with a low-level feature as the paper has."""
    from keras_hub.models import DeepLabV3Backbone, DeepLabV3ImageSegmenter

    encoder = ours().get_layer("backbone")
    low, high = encoder.outputs
    encoder.pyramid_outputs = {"P2": low, "P4": high}
    backbone = DeepLabV3Backbone(
        image_encoder=encoder,
        spatial_pyramid_pooling_key="P4",
        upsampling_size=STRIDE // 4,
        dilation_rates=[6, 12, 18],
        low_level_feature_key="P2",
        projection_filters=48,
        image_shape=(SIZE, SIZE, 3),
    )
    return DeepLabV3ImageSegmenter(backbone, num_classes=CLASSES)


def medians(steps):
    """Median seconds of each step, taken in turns."""
    seconds = {name: [] for name in steps}
    for number in range(WARM_UP + ROUNDS):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if number >= WARM_UP:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in seconds.items()}


def entry(seconds, how):
    return {
        "ours": round(1000 * seconds["ours"], 1),
        "peer": round(1000 * seconds["peer"], 1),
        "ratio": round(seconds["ours"] / seconds["peer"], 3),
        "unit": "ms/step",
        "data": "random images",
        "how": f"{how} takes {seconds['plain'] / seconds['peer']:.2f} of keras-hub's time",
    }


if __name__ == "__main__":
    print(measure())
