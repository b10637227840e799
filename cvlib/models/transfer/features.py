"""Features of images, computed once: a frozen network gives the same answer every epoch.

An image's features are kept under a key made from the network, its weights and the image's own bytes, in
memory and on disk. A changed image, weight or layer is another key, so what is found is never stale; an image
that was seen before, in whatever order or batch, is never sent through the network again.
"""

import contextlib
import hashlib
import json
import os
import zipfile
from pathlib import Path

import keras
import numpy as np

from cvlib.models import backbones
from cvlib.models.guard import check_images, watch
from cvlib.models.transfer.networks import pool
from cvlib.runtime import home


class FeatureExtractor:
    """From images to features, each image computed once.

    Args:
        model: a `keras.Model` from images to features (B, D), or a classifier of
            `cvlib.models.transfer.classifier`, whose "pool" layer is then used.
        cache: True keeps features under `CVLIB_HOME/features`, a path keeps them there, False only in memory.
        batch_size: images a forward pass.

    Attributes:
        model: the network from images to features.
        computed: how many images went through the network so far.

    Raises:
        ValueError: if the model does not give one vector an image.

    Example:
        >>> import numpy as np
        >>> extractor = feature_extractor("MobileNetV2", (32, 32, 3), weights=None, cache=False)
        >>> extractor(np.zeros((4, 32, 32, 3), "uint8"), verbose=0).shape
        (4, 1280)
    """

    def __init__(self, model, cache=True, batch_size=32):
        if "pool" in [layer.name for layer in model.layers] and model.layers[-1].name != "pool":
            model = keras.Model(model.inputs, model.get_layer("pool").output, name=f"{model.name}_features")
        if len(model.output_shape) != 2:
            raise ValueError(
                f"model must give one vector an image, (B, D), got {model.output_shape}: "
                "end it with a pooling layer"
            )
        self.model = watch(model)
        self.batch_size = batch_size
        self.computed = 0
        self._directory = None
        if cache:
            self._directory = home() / "features" if cache is True else Path(cache).expanduser()
        self._known = {}
        self._model_key = None

    def __call__(self, images, verbose=1):
        """Features of images.

        Args:
            images: array (N, H, W, 3) in [0, 255]; or batches of them (a `keras.utils.PyDataset`, a
                `tf.data.Dataset`), alone or each with its labels.
            verbose: 1 for a progress bar, 0 for silence.

        Returns:
            float32 (N, D); for batches with labels the pair (features, labels), in the order they came.

        Raises:
            ValueError: if the images have the wrong size or were rescaled already.
        """
        self._forget_other_weights()
        labels, features, fresh = [], [], {}
        batches, total = self._batches(images)
        bar = keras.utils.Progbar(total, unit_name="batch") if verbose else None
        for batch in batches:
            if isinstance(batch, (tuple, list)):
                labels.append(keras.ops.convert_to_numpy(batch[1]))
                batch = batch[0]
            batch = np.ascontiguousarray(keras.ops.convert_to_numpy(batch))
            check_images(batch, self.model.input_shape)
            features.append(self._features(batch, fresh))
            if bar:
                bar.add(1)
        if not features:
            raise ValueError("images is empty: give at least one image")
        self._save(fresh)
        features = np.concatenate(features)
        return (features, np.concatenate(labels)) if labels else features

    def _batches(self, images):
        if isinstance(images, keras.utils.PyDataset):
            return (images[index] for index in range(len(images))), len(images)
        if not hasattr(images, "shape"):
            return images, None
        starts = range(0, len(images), self.batch_size)
        return (images[start : start + self.batch_size] for start in starts), len(starts)

    def _features(self, batch, fresh):
        """Features of one batch; what was not known yet is computed and noted in `fresh`."""
        keys = [image_key(image) for image in batch]
        missing = {key: index for index, key in enumerate(keys) if key not in self._known}
        if missing:
            # predict_on_batch wants batches of one size: another size is another trace of the graph.
            rows = list(missing.values())
            padded = rows + rows[:1] * (self.batch_size - len(rows))
            values = self.model.predict_on_batch(batch[padded])[: len(rows)]
            fresh.update(zip(missing, np.asarray(values, dtype="float32")))
            self._known.update(fresh)
            self.computed += len(missing)
        return np.stack([self._known[key] for key in keys])

    def _forget_other_weights(self):
        key = model_key(self.model)
        if key != self._model_key:
            self._model_key = key
            self._known = self._load()

    def _load(self):
        known = {}
        if self._directory is None:
            return known
        for file in (self._directory / self._model_key).glob("*.npz"):
            try:
                with np.load(file) as stored:
                    known.update(zip((key.tobytes() for key in stored["keys"]), stored["values"]))
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                file.unlink(missing_ok=True)  # damaged: its features are computed again
        return known

    def _save(self, fresh):
        if self._directory is None or not fresh:
            return
        keys = np.stack([np.frombuffer(key, "uint8") for key in fresh])
        folder = self._directory / self._model_key
        name = hashlib.blake2b(keys.tobytes(), digest_size=8).hexdigest()
        part = folder / f"{name}.{os.getpid()}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.savez(file, keys=keys, values=np.stack(list(fresh.values())))
            part.replace(folder / f"{name}.npz")
        except OSError as error:
            print(f"The features could not be kept in {folder} ({error.strerror}): they stay in memory only.")
            with contextlib.suppress(OSError):
                part.unlink()


def feature_extractor(
    backbone="MobileNetV2",
    input_shape=(96, 96, 3),
    alpha=None,
    weights="imagenet",
    pooling="avg",
    layer=None,
    cache=True,
    batch_size=32,
):
    """The second way: a pretrained network that gives features instead of classes.

    Args:
        backbone: name of a network in `keras.applications`.
        input_shape: (H, W, 3) of the images.
        alpha: width of a MobileNet; by default 0.35 for MobileNetV2 and 1.0 for the others.
        weights: "imagenet", "auto" or None, as for `cvlib.models.transfer.classifier`.
        pooling: "avg", "max", or "avg_max" for both side by side.
        layer: name of the backbone's layer to take features from; by default its last. An earlier one suits
            images unlike ImageNet's.
        cache: True, False or a path, as for `FeatureExtractor`.
        batch_size: images a forward pass.

    Returns:
        A `FeatureExtractor`; its `model.weights_source` is "imagenet" or "random".

    Raises:
        ValueError: if an argument is not known.
        WeightsUnavailableError: if `weights="imagenet"` and they cannot be had.
    """
    base, source = backbones.build(backbone, input_shape, alpha, weights)
    base.trainable = False
    if layer is not None:
        base = _up_to(base, layer)
    images = keras.Input(base.input_shape[1:], name="images")
    x = backbones.preprocess(images, backbones.find(backbone).preprocessing)
    model = keras.Model(images, pool(base(x, training=False), pooling), name=f"{backbone.lower()}_features")
    model.weights_source = source
    return FeatureExtractor(model, cache=cache, batch_size=batch_size)


def _up_to(base, layer):
    """The part of a network from its input to a layer."""
    maps = [each.name for each in base.layers if len(getattr(each.output, "shape", ())) == 4]
    if layer not in maps:
        raise ValueError(
            f"layer must be one of the backbone's, got {layer!r}. Choose from: {', '.join(maps)}"
        )
    return keras.Model(base.input, base.get_layer(layer).output, name=f"{base.name}_to_{layer}")


def image_key(image):
    """A key of an image's content, type and shape: 16 bytes."""
    digest = hashlib.blake2b(f"{image.dtype}{image.shape}".encode(), digest_size=16)
    digest.update(image.data if image.flags.c_contiguous else image.tobytes())
    return digest.digest()


def model_key(model):
    """A key of a network's layers and weights, the same in every session whatever Keras named the layers."""
    digest = hashlib.sha256(json.dumps(_structure(model), sort_keys=True, default=str).encode())
    for weight in model.weights:
        digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return digest.hexdigest()[:32]


def _structure(model):
    """Class and settings of every layer, in order, without names."""
    described = [list(model.input_shape)]
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            described.append(_structure(layer))
        else:
            settings = layer.get_config() if isinstance(layer, keras.layers.Layer) else {}
            kept = {
                key: value
                for key, value in settings.items()
                if key not in ("name", "trainable", "batch_shape")
            }
            described.append([type(layer).__name__, kept])
    return described
