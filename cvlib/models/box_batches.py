"""Batches of pictures with boxes, checked and padded before a detector learns from them."""

import keras
import numpy as np

from cvlib.models.guard import check_images


class CheckedBatches(keras.utils.PyDataset):
    """Batches of another dataset, each looked at before it is used.

    Args:
        batches: sequence of (images, {"boxes", "labels"}).
        input_shape: of the network, (None, H, W, 3).
        class_names: of the detector.
    """

    def __init__(self, batches, input_shape, class_names):
        super().__init__(**{name: getattr(batches, name) for name in ("workers", "max_queue_size")})
        self.batches, self.shape, self.names = batches, input_shape, class_names

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        batch = self.batches[index]
        images, targets = checked_batch(batch, self.shape, self.names, f"batch {index}")
        boxes, labels = targets["boxes"], targets["labels"]
        # Less padding is less to compute. But Keras takes an axis for fixed where the first two batches
        # agree, and then refuses a third that differs: here neighbours never agree.
        eights = -(-labels.shape[1] // 8)
        width = 8 * (eights + (eights + index) % 2)
        if len(self) == 1:
            width = max(labels.shape[1], *(len(row) for row in batch[1]["labels"]))
        spare = ((0, 0), (0, width - labels.shape[1]))
        boxes = np.pad(boxes, (*spare, (0, 0)), constant_values=-1)
        return images, {"boxes": boxes, "labels": np.pad(labels, spare, constant_values=-1)}

    def on_epoch_begin(self):
        """Passed on."""
        self.batches.on_epoch_begin()

    def on_epoch_end(self):
        """Passed on."""
        self.batches.on_epoch_end()


class ArrayBatches(keras.utils.PyDataset):
    """Batches from arrays in memory, in another order every epoch.

    Args:
        images: (N, H, W, 3).
        targets: {"boxes": (N, M, 4), "labels": (N, M)}.
        batch_size: pictures a batch.
        shuffle: whether the order changes.
        seed: of the order.
    """

    def __init__(self, images, targets, batch_size=16, shuffle=True, seed=0):
        super().__init__()
        self.images, self.targets, self.batch_size = images, targets, batch_size
        self.rng = np.random.default_rng(seed) if shuffle else None
        self.order = np.arange(len(images))
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.images[chosen], {name: each[chosen] for name, each in self.targets.items()}

    def on_epoch_end(self):
        """A new order."""
        if self.rng is not None:
            self.order = self.rng.permutation(len(self.images))


def checked_batch(batch, input_shape, class_names, name="data"):
    """Refuse a batch that a detector cannot learn from.

    Args:
        batch: (images, {"boxes", "labels"}).
        input_shape: of the network, (None, H, W, 3).
        class_names: of the detector.
        name: of the batch, for the error.

    Returns:
        (images, {"boxes": float32 (B, N, 4), "labels": int32 (B, N)}), N at least 1.

    Raises:
        ValueError: saying what is wrong with which picture.
    """
    try:
        images, targets = batch
        boxes, labels = targets["boxes"], targets["labels"]
    except (TypeError, ValueError, KeyError, IndexError):
        raise ValueError(
            f'{name} must be (images, {{"boxes": …, "labels": …}}), got {type(batch).__name__}: '
            "flow it with boxes"
        ) from None
    check_images(images, input_shape)
    boxes, labels = padded(boxes, labels, len(images), len(class_names), name)
    return images, {"boxes": boxes, "labels": labels}


def padded(boxes, labels, count, classes, name="data"):
    """Boxes and labels of pictures, of any number each, as arrays padded with −1.

    Args:
        boxes: for each picture, array-like (N, 4), `xyxy` in pixels; lists, integers or empty.
        labels: for each picture, array-like (N,).
        count: how many pictures there are.
        classes: labels must be below it.
        name: for the error.

    Returns:
        float32 (B, M, 4) and int32 (B, M), M at least 1.

    Raises:
        ValueError: naming the picture.
    """
    if len(boxes) != count or len(labels) != count:
        raise ValueError(
            f"{name}: boxes and labels must have one entry a picture ({count}), "
            f"got {len(boxes)} and {len(labels)}"
        )
    rows = []
    for image, (each, numbers) in enumerate(zip(boxes, labels)):
        each, numbers = np.asarray(each, np.float32), np.asarray(numbers).reshape(-1)
        each = each.reshape(0, 4) if not each.size else each
        if each.ndim != 2 or each.shape[1] != 4 or len(each) != len(numbers):
            raise ValueError(
                f"{name}: boxes[{image}] must be (N, 4) with N labels, got {each.shape} and "
                f"{len(numbers)} labels"
            )
        if numbers.size and (numbers.max() >= classes or (numbers != np.floor(numbers)).any()):
            raise ValueError(
                f"{name}: labels[{image}] must be whole numbers below {classes}, one a class name, got "
                f"{numbers.max()}: classes count from 0"
            )
        if not np.isfinite(each).all():
            raise ValueError(f"{name}: boxes[{image}] must be finite numbers")
        real = numbers >= 0
        wrong = real & (each[:, 2:] <= each[:, :2]).any(1)
        if wrong.any():
            raise ValueError(
                f"{name}: boxes[{image}] must have x2 > x1 and y2 > y1, got {each[wrong][0].tolist()}: "
                "drop it, or see cvlib.data.annotations.repair"
            )
        rows.append((each[real], numbers[real]))
    most = max([1, *(len(numbers) for _, numbers in rows)])
    all_boxes = np.full((count, most, 4), -1, np.float32)
    all_labels = np.full((count, most), -1, np.int32)
    for image, (each, numbers) in enumerate(rows):
        all_boxes[image, : len(numbers)], all_labels[image, : len(numbers)] = each, numbers
    return all_boxes, all_labels


def checked_picture(image, name="image"):
    """A picture as an array (H, W, 3), uint8 or float32, or an error that names it."""
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise ValueError(
            f"{name} must be an RGB picture (H, W, 3), got shape {image.shape}: pass a list of pictures, and "
            "repeat a grey one three times"
        )
    if image.dtype == np.uint8:
        return image
    image = image.astype(np.float32)
    check_images(image[None], (None, None, None, 3))  # before grey bars hide what is wrong
    return image
