"""Lungs on chest X-rays: DeepLabV3+ on MobileNetV2 (α = 0.35, ImageNet weights), and a U-Net from scratch.

The protocol: what could be chosen was chosen by the mean Dice of the ten validation pictures, training on the
seventy of "train". With that choice both networks learn from training and validation pictures together, a
hundred epochs. Then the test pictures are read and predicted, once. Dice on validation:

    after                                                20       40       60 epochs of 60
    backbone's BatchNorm frozen, rates 6, 12, 18        0.907    not trained on
    BatchNorm learns,            rates 6, 12, 18        0.931    0.945    0.947
    BatchNorm learns,            rates 3, 6, 9          0.939    0.948    0.949
    without the mirror image,    rates 3, 6, 9          0.933    0.944    0.948

The hundred epochs are not among what was compared: the loss still fell at sixty. The augmentation, the 128
filters and the loss were the first guess and stayed.

A picture is judged at its own size, against the mask as it was drawn: the network's map of 256² is enlarged
bilinearly and cut at one half. At 256² the truth itself would be blurred. Dice and IoU are those of the
class "lung", picture by picture, then the mean. A map is the mean over the picture and its mirror image;
nothing else is done to it.
"""

import os
import time

import numpy as np

SIDE, BATCH, EPOCHS, RATE, WARM_UP = 256, 8, 100, 1e-3, 3
RATES = (3, 6, 9)  # the paper's are for maps of 32 cells; of 16, rates 12 and 18 reach beyond the border
MOVES = {
    "rotation_range": 15,
    "width_shift_range": 0.12,
    "height_shift_range": 0.12,
    "shear_range": 6,
    "zoom_range": (0.75, 1.3),
    "horizontal_flip": True,
    "fill_mode": "constant",
    "brightness_range": (0.6, 1.4),
    "channel_shift_range": 40,
}


def read(piece):
    """Pictures (N, SIDE, SIDE, 3) uint8 and masks (N, SIDE, SIDE, 1) of one split."""
    import cvlib

    images, masks = cvlib.ImageDataGenerator().flow_from_dataframe(
        piece.frame,
        piece.directory,
        x_col="path",
        masks="mask",
        class_mode=None,
        target_size=(SIDE, SIDE),
        interpolation="bilinear",
        batch_size=len(piece),
        shuffle=False,
        mask_classes=2,
    )[0]
    return images.round().astype("uint8"), masks


def deeplab():
    """DeepLabV3+ whose BatchNorm layers learn too: a chest film is no photograph."""
    import keras

    from cvlib.models import DeepLabV3Plus

    model = DeepLabV3Plus(
        (SIDE, SIDE, 3),
        classes=1,
        backbone="MobileNetV2",
        alpha=0.35,
        rates=RATES,
        filters=128,
        classifier_activation="sigmoid",
    )
    for layer in model.get_layer("backbone").layers:
        layer.trainable = True
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9  # a training of a thousand steps is too short for the 0.999 of Keras
    return model


def unet():
    """A U-Net a quarter as wide as the published one, with batch normalisation."""
    from cvlib.models import UNet

    return UNet(
        (SIDE, SIDE, 3),
        classes=1,
        filters=(16, 32, 64, 128, 256),
        batch_norm=True,
        classifier_activation="sigmoid",
    )


def train(model, images, masks, epochs=EPOCHS):
    """Train a model with moved pictures; seconds that it took."""
    import keras

    import cvlib
    from cvlib import losses

    batches = cvlib.ImageDataGenerator(**MOVES).flow(images, masks=masks, batch_size=BATCH, seed=0)
    rate = keras.optimizers.schedules.CosineDecay(
        RATE / 10,
        (epochs - WARM_UP) * len(batches),
        alpha=0.01,
        warmup_target=RATE,
        warmup_steps=WARM_UP * len(batches),
    )
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4), losses.Dice() + losses.CrossEntropy())
    begun = time.perf_counter()

    def say(epoch, logs):
        if (epoch + 1) % 10 == 0:
            minutes = (time.perf_counter() - begun) / 60
            print(
                f"  {model.name}: {epoch + 1} of {epochs}, loss {logs['loss']:.3f}, {minutes:.1f} min",
                flush=True,
            )

    model.fit(batches, epochs=epochs, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=say)])
    return time.perf_counter() - begun


def judge(model, piece):
    """Dice and IoU of each picture of a split, at its own size: two arrays (N,)."""
    from cvlib import metrics
    from cvlib._opencv import cv2
    from cvlib.data.reading import read_mask
    from cvlib.train import predict_with_flips

    images, _ = read(piece)
    scores = metrics.SegmentationScores(2)
    for mask, found in zip(piece.frame["mask"], predict_with_flips(model, images)):
        truth = read_mask(piece.directory / mask)[..., 0]
        found = cv2.resize(found[..., 0], truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
        scores.update(truth, found > 0.5)
    table = scores.per_image()
    return table["dice_1"].to_numpy(), table["iou_1"].to_numpy()


def measure():
    import keras

    import cvlib.datasets

    source = "real" if os.environ.get("CVLIB_MIRROR") else "synthetic"
    dataset = cvlib.datasets.load("lungs", source=source)
    known = [read(dataset.split(name)) for name in ("train", "validation")]
    images, masks = (np.concatenate(parts) for parts in zip(*known))
    test = dataset.split("test")
    entries = {}
    for key, build in {"deeplab": deeplab, "unet": unet}.items():
        keras.utils.set_random_seed(0)
        model = build()
        seconds = train(model, images, masks)
        dice, iou = judge(model, test)
        how = (
            f"{model.count_params():,} parameters, {SIDE}², {EPOCHS} epochs of {len(images)} pictures in "
            f"{seconds / 60:.1f} min; mean over {len(test)} test pictures at their own size, the worst "
            f"{dice.min():.3f}, the median {np.median(dice):.3f} (Dice)"
        )
        shared = {"peer": None, "ratio": None, "how": how}
        shared["data"] = "real" if dataset.source == "real" else "simulated"
        entries[f"lungs_{key}_dice"] = {**shared, "ours": float(dice.mean()), "unit": "Dice"}
        entries[f"lungs_{key}_iou"] = {**shared, "ours": float(iou.mean()), "unit": "IoU"}
        entries[f"lungs_{key}_minutes"] = {**shared, "ours": seconds / 60, "unit": "min"}
    return entries
