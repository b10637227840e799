"""What every iterator of `ImageDataGenerator` shares: order, epochs, threads and the making of a batch."""

import threading
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from cvlib.data import affine, box_moves, draws, masks, mosaics
from cvlib.data import threads as thread_pool
from cvlib.data.reading import ImageReadError
from cvlib.data.recycling import Recycler


class _Started(NamedTuple):
    """A batch that threads are working on."""

    key: tuple
    job: thread_pool.Job
    chosen: np.ndarray
    images: np.ndarray
    masks: Any
    boxes: Any
    failed: dict


class _Mosaics(NamedTuple):
    """Drawn once for an epoch: of each picture, whether, where, and with which others."""

    share: np.ndarray
    place: np.ndarray
    others: np.ndarray


class Iterator(keras.utils.PyDataset):
    """Batches of random pictures that depend on (seed, epoch, index) alone.

    Indexing gives a batch of the current epoch. `fit` moves on to the next epoch by itself, and so does
    `next` after the last batch; as over Keras' iterators, a `for` loop never ends.

    Attributes:
        epoch: number of the epoch, from 0; may be set, to go on with a training that was cut off.
        n: number of pictures; `samples` is the same.
        batch_size: pictures a batch.
        skipped: dict from an unreadable file to the reason, filled with `on_error="skip"`.
    """

    def __init__(
        self,
        generator,
        count,
        shape,
        *,
        batch_size,
        shuffle,
        seed,
        augment=True,
        white=255.0,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        on_error="raise",
        threads=None,
        ignore_index=None,
        mask_classes=None,
        boxes=None,
        labelled=False,
    ):
        super().__init__()
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"batch_size must be a whole number of at least 1, got {batch_size!r}")
        if on_error not in ("raise", "skip"):
            raise ValueError(f'on_error must be "raise" or "skip", got {on_error!r}')
        if threads is not None and threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads!r}")
        self.image_data_generator = generator
        self.data_format, self.dtype = generator.data_format, generator.dtype
        self.n = self.samples = count
        self.batch_size, self.shuffle = int(batch_size), shuffle
        self.seed = draws.seed_or_numpys(seed)
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        self.skipped = {}
        self.epoch = self.batch_index = self.total_batches_seen = 0
        self._shape, self._augment, self._white = tuple(shape), augment, white
        self._on_error, self._threads = on_error, threads or thread_pool.available()
        self._ignore_index, self._mask_classes = masks.check_options(ignore_index, mask_classes)
        self._boxes, self._labelled = boxes, labelled  # a list of arrays (n, 4 or more); with a class, (n, 5)
        self._mosaic = generator.mosaic if augment else 0
        if self._mosaic and not (labelled and self._empty_masks(1) is None):
            raise ValueError(
                "mosaic puts pictures together with their boxes and labels, and moves no masks: pass boxes "
                "and labels, or leave mosaic out"
            )
        self._most = None
        self._drawn = {}  # what is drawn once for an epoch: {name: (epoch, array)}
        self._memory = Recycler()
        self._lock = threading.Lock()
        self._expected = self._ahead = None

    def __getstate__(self):
        return {**self.__dict__, "_lock": None, "_ahead": None}

    def __setstate__(self, state):
        self.__dict__.update(state, _lock=threading.Lock())

    def __len__(self):
        return -(-self.n // self.batch_size)

    def __getitem__(self, idx):
        if not -len(self) <= idx < len(self):
            raise IndexError(f"there are {len(self)} batches, numbered from 0; asked for number {idx}")
        number = idx % len(self)
        following = (number + 1, self.epoch) if number + 1 < len(self) else None
        return self._batch(number, self.epoch, following)

    def __iter__(self):
        return self

    def __next__(self):
        with self._lock:
            batch, epoch = self.batch_index, self.epoch
            self.batch_index += 1
            if self.batch_index == len(self):
                self.batch_index = 0
                self.epoch += 1
            following = self.batch_index, self.epoch
        return self._batch(batch, epoch, following)

    def reset(self):
        """Let `next` begin again with the first batch of the current epoch."""
        self.batch_index = 0

    def on_epoch_end(self):
        """Move on to the next epoch: a new order and new draws.

        `fit` calls it after each epoch, and once before the first, when it has looked at the shapes.
        """
        with self._lock:
            self.epoch += 1
            self.batch_index = 0

    @property
    def index_array(self):
        """Indices of all pictures in the order of the current epoch."""
        return self._order(self.epoch)

    def _order(self, epoch):
        if not self.shuffle:
            return np.arange(self.n)
        return self._once_an_epoch("order", epoch, lambda random: random.permutation(self.n))

    def _uniforms(self, epoch):
        """Row i is all that chance has to say about picture i in this epoch."""
        size = (self.n, len(draws.SLOTS))
        return self._once_an_epoch("uniforms", epoch, lambda random: random.random(size, np.float32))

    def _once_an_epoch(self, name, epoch, draw):
        kept = self._drawn.get(name)
        if kept is None or kept[0] != epoch:
            kept = epoch, draw(np.random.default_rng((self.seed, epoch, name == "order")))
            self._drawn[name] = kept
        return kept[1]

    def _batch(self, number, epoch, following):
        """A batch; `following` is the (number, epoch) that will be asked for next if things go on so."""
        with self._lock:
            ahead, self._ahead = self._ahead, None
            in_turn = self._expected == (number, epoch)
            self._expected = following
            self.total_batches_seen += 1
        if ahead is None or ahead.key != (number, epoch) or not ahead.job.is_mine():
            ahead = self._start(number, epoch)
        if in_turn and self._threads > 1 and following is not None:
            # The threads go on to the next batch while this one is finished and used.
            self._ahead = self._start(*following)
        ahead.job.wait()
        return self._finish(ahead, epoch)

    def _start(self, number, epoch):
        """Set threads to work on a batch."""
        chosen = self._order(epoch)[number * self.batch_size : (number + 1) * self.batch_size]
        generator, count, (height, width, channels) = self.image_data_generator, len(chosen), self._shape
        matrices = shifts = lights = [None] * count
        if self._augment:
            drawn = draws.parameters(generator, self._uniforms(epoch)[chosen], height, width)
            shift, light = drawn.pop("channel_shift_intensity"), drawn.pop("brightness")
            matrices = affine.compose(height, width, **drawn) if generator.moves else matrices
            shifts = shifts if shift is None else shift.tolist()
            lights = lights if light is None else light.tolist()
        first = self.data_format == "channels_first"
        images = self._memory.empty(
            (count, channels, height, width) if first else (count, *self._shape), self.dtype
        )
        places = np.moveaxis(images, 1, -1) if first else images
        labels = self._empty_masks(count)
        boxes = [None] * count if self._has_boxes() else None
        mosaic = self._mosaics(epoch) if self._mosaic else None
        failed = {}

        def render(i):
            try:
                if mosaic is not None and mosaic.share[chosen[i]] < self._mosaic:
                    image, mask, box = self._four(chosen[i], mosaic)
                else:
                    image, mask, box = self._sample(chosen[i], matrices[i] is not None)
            except (ImageReadError, OSError) as error:
                if self._on_error == "raise":
                    raise
                failed[i] = error
                return
            generator._write(image, places[i], matrices[i], shifts[i], lights[i], self._white)
            if mask is not None:
                masks.move(mask, labels[i], matrices[i], generator.fill_mode, self._ignore_index)
            if box is not None:
                how = generator.fill_mode, generator.min_visible
                boxes[i] = box_moves.move(box, matrices[i], height, width, *how)

        job = thread_pool.Job(render, count, self._threads)
        return _Started((number, epoch), job, chosen, images, labels, boxes, failed)

    def _finish(self, started, epoch):
        """Drop unreadable pictures from a rendered batch, save it if asked, and add the targets."""
        chosen, images, labels, boxes = started.chosen, started.images, started.masks, started.boxes
        if started.failed:
            self._report(started.failed, chosen)
            kept = [i for i in range(len(chosen)) if i not in started.failed]
            chosen, images, labels = chosen[kept], images[kept], None if labels is None else labels[kept]
            boxes = None if boxes is None else [boxes[i] for i in kept]
        if labels is not None and self.data_format == "channels_first":
            labels = np.moveaxis(labels, -1, 1)
        if self.save_to_dir:
            self._save(images, chosen, epoch)
        targets = {"labels": self._labels(chosen, images), "masks": labels, "boxes": boxes}
        if self._labelled:
            targets["boxes"], targets["labels"] = box_moves.padded(boxes, self._room())
        targets = {name: value for name, value in targets.items() if value is not None}
        inputs, weights = self._inputs(images, chosen), self._weights(chosen)
        if not targets:
            return inputs
        target = targets if len(targets) > 1 else next(iter(targets.values()))
        return (inputs, target) if weights is None else (inputs, target, weights)

    def _mosaics(self, epoch):
        """What chance has to say about mosaics: row i is about picture i in this epoch."""
        kept = self._drawn.get("mosaic")
        if kept is None or kept[0] != epoch:
            random = np.random.default_rng((self.seed, epoch, 2))
            share, place = random.random(self.n), random.random((self.n, mosaics.DRAWS))
            kept = epoch, _Mosaics(share, place, random.integers(0, self.n, (self.n, 3)))
            self._drawn["mosaic"] = kept
        return kept[1]

    def _four(self, index, drawn):
        """A picture and three others, as one."""
        parts = map(self._part, (index, *drawn.others[index]))
        size, least = self._shape[:2], self.image_data_generator.min_visible
        image, boxes = mosaics.compose(parts, size, drawn.place[index], min_visible=least)
        return image, None, boxes

    def _room(self):
        """How many boxes a picture of a batch may have: the same for all batches, so that shapes stay."""
        if self._most is None:
            most = max(len(each) for each in self._boxes) * (4 if self._mosaic else 1)
            generator = self.image_data_generator
            if self._augment and generator.moves and generator.fill_mode in box_moves.TILED:
                most *= 9
            self._most = max(1, most)
        return self._most

    def _report(self, failed, chosen):
        """Print each unreadable file once, to where stdout goes: a warning would end a graded notebook."""
        if len(failed) == len(chosen):
            raise ValueError(f"no picture of the batch can be read; the first: {failed[min(failed)]}")
        for i, error in sorted(failed.items()):
            name = self.filepaths[chosen[i]]
            if name not in self.skipped:
                self.skipped[name] = str(error)
                print(f"Skipped: {error}")

    def _save(self, images, chosen, epoch):
        from PIL import Image

        folder = Path(self.save_to_dir)
        folder.mkdir(parents=True, exist_ok=True)
        for image, index in zip(images, chosen):
            image = np.moveaxis(image, 0, -1) if self.data_format == "channels_first" else image
            low, high = float(image.min()), float(image.max())
            if low < 0 or high > 255:
                image = (image - low) * (255 / max(high - low, 1e-6))
            elif high <= 1:
                image = image * 255.0
            image = np.rint(image).astype(np.uint8)
            picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
            if picture.mode == "RGBA" and self.save_format.lower() in ("jpg", "jpeg"):
                picture = picture.convert("RGB")
            picture.save(folder / f"{self.save_prefix}_{index}_{epoch}.{self.save_format}")

    # What an iterator over arrays, a folder or a table adds:

    def _sample(self, index, moved):
        """Picture (H, W, C), mask (H, W, 1) or None, boxes (n, 4 or more) or None, all in the final size.

        A picture that will be moved may have another size, and its mask then too: the warp will resize them.
        """
        raise NotImplementedError

    def _part(self, index):
        """Picture and boxes for a mosaic, at any size."""
        return self._sample(index, False)[::2]

    def _empty_masks(self, count):
        """An array (count, H, W, 1) for the masks, or None."""
        raise NotImplementedError

    def _has_boxes(self):
        return self._boxes is not None

    def _labels(self, chosen, images):
        """The targets of the chosen pictures, or None."""
        raise NotImplementedError

    def _inputs(self, images, chosen):
        return images

    def _weights(self, chosen):
        return None
