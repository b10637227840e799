"""Labels in memory: the boxes of one picture, and the pictures of a dataset."""

import posixpath
from dataclasses import dataclass, field, replace

import numpy as np

from cvlib.boxes import convert
from cvlib.data.bad_rows import listed


@dataclass
class AnnotatedImage:
    """The boxes of one picture.

    Attributes:
        file: path of the picture, relative to the folder of pictures, with forward slashes.
        boxes: float64 array (N, 4), `xyxy` in pixels: edges, not pixel numbers, so that the first pixel
            reaches from 0 to 1 and a box around the whole picture is (0, 0, width, height).
        classes: tuple of N class names.
        size: (height, width) as the labels declare it, or None where they do not.
        extras: tuple of N dicts, what else is known of a box: `difficult`, `truncated`, `occluded`, `crowd`
            (each True or absent), `pose`, `area`, `id`, `score`, `z_order`, `attributes`, and what only one
            format knows under that format's name. By default N empty dicts.
        about: dict, what else is known of the picture.
        source: path of the label file, for messages.
        stem: the name that the label file expects of the picture, where one file labels one picture.
        place: where the picture's labels begin: "file:line".
        places: tuple of N, where each box is written.

    Raises:
        ValueError: if there is not one class (and extras, and place) a box, or a box is not four finite
            numbers.
    """

    file: str
    boxes: np.ndarray
    classes: tuple
    size: tuple | None = None
    extras: tuple | None = None
    about: dict = field(default_factory=dict)
    source: str | None = field(default=None, compare=False)
    stem: str | None = field(default=None, compare=False)
    place: str = field(default="", compare=False)
    places: tuple | None = field(default=None, compare=False)

    def __post_init__(self):
        try:
            boxes = np.array(self.boxes, np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"{self.file}: boxes must be numbers (N, 4), got {self.boxes!r}") from None
        boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
        if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
            raise ValueError(f"{self.file}: boxes must be finite numbers (N, 4), got shape {boxes.shape}")
        self.boxes = boxes
        if isinstance(self.classes, str):
            raise ValueError(f"{self.file}: classes must be a list of names, got {self.classes!r}")
        self.classes = tuple(str(name) for name in self.classes)
        self.extras = tuple({} for _ in boxes) if self.extras is None else tuple(map(dict, self.extras))
        self.place = self.place or self.file
        if self.places is None:
            self.places = tuple(f"{self.place}, box {index}" for index in range(len(boxes)))
        self.places = tuple(self.places)
        for name in ("classes", "extras", "places"):
            if len(getattr(self, name)) != len(boxes):
                raise ValueError(
                    f"{self.file}: {name} must have one entry a box ({len(boxes)}), got "
                    f"{len(getattr(self, name))}"
                )
        self.size = None if self.size is None else (int(self.size[0]), int(self.size[1]))

    def __len__(self):
        return len(self.boxes)

    def __eq__(self, other):
        if not isinstance(other, AnnotatedImage):
            return NotImplemented
        names = ("file", "classes", "size", "extras", "about")
        return np.array_equal(self.boxes, other.boxes) and all(
            getattr(self, name) == getattr(other, name) for name in names
        )

    def take(self, kept):
        """The same picture with some of its boxes.

        Args:
            kept: indices of the boxes to keep, in order.
        """
        return replace(
            self,
            boxes=self.boxes[list(kept)],
            classes=[self.classes[i] for i in kept],
            extras=[self.extras[i] for i in kept],
            places=[self.places[i] for i in kept],
        )


@dataclass
class Annotations:
    """The labels of a dataset: pictures in order, and the names of their classes.

    Attributes:
        images: list of `AnnotatedImage`.
        class_names: tuple of names, in the order of their numbers.
        about: dict, what else the label file knows (licences, category numbers, …).
        smallest: a box is empty unless both its sides are longer than this, in pixels. 0, or 1 from Pascal
            VOC, where a click without a drag is written xmin = xmax.
        source: path of the labels, for messages.

    Raises:
        ValueError: if a class name is empty or listed twice.

    Example:
        >>> image = AnnotatedImage("a.jpg", [[0, 0, 20, 10]], ["cat"], size=(30, 40))
        >>> Annotations([image], ["cat", "dog"]).counts()
        {'cat': 1, 'dog': 0}
    """

    images: list
    class_names: tuple
    about: dict = field(default_factory=dict)
    smallest: float = field(default=0.0, compare=False)
    source: str | None = field(default=None, compare=False)

    def __post_init__(self):
        if isinstance(self.class_names, str):
            raise ValueError(f"class_names must be a list of names, got {self.class_names!r}")
        self.images, self.class_names = list(self.images), tuple(str(name) for name in self.class_names)
        for name in self.class_names:
            if reason := unfit_name(name):
                raise ValueError(f"class_names: {name!r} {reason}")
        if len(set(self.class_names)) < len(self.class_names):
            again = sorted({name for name in self.class_names if self.class_names.count(name) > 1})
            raise ValueError(f"class_names must differ, got {listed(again)} more than once")

    def __len__(self):
        return len(self.images)

    def __iter__(self):
        return iter(self.images)

    def __getitem__(self, index):
        return self.images[index]

    def counts(self):
        """Dict from class name to its number of boxes, 0 where a class never occurs."""
        found = dict.fromkeys(self.class_names, 0)
        for image in self.images:
            for name in image.classes:
                found[name] = found.get(name, 0) + 1
        return found

    def truths(self, box_format="xyxy"):
        """What `cvlib.metrics.detection.mean_average_precision` takes as `truths`.

        Args:
            box_format: of the boxes given back, as in `cvlib.boxes.convert` ("xyxy" or "xywh").

        Returns:
            A list with a dict for each picture: `boxes` float64 (N, 4), `classes` int64 (N,), `crowd` bool
            (N,), `ignore` bool (N,): the boxes marked difficult; `area` float64 (N,): as the labels say, else
            the box's own.

        Raises:
            ValueError: if a box has a class that is not in `class_names`.
        """
        numbers = {name: number for number, name in enumerate(self.class_names)}
        found = []
        for image in self.images:
            if unknown := sorted({name for name in image.classes if name not in numbers}):
                raise ValueError(
                    f"{image.file}: class {listed(unknown)} is not in class_names {listed(self.class_names)}"
                )
            sides = image.boxes[:, 2:] - image.boxes[:, :2]
            own = sides.prod(axis=1)
            found.append(
                {
                    "boxes": convert(image.boxes, "xyxy", box_format),
                    "classes": np.array([numbers[name] for name in image.classes], np.int64),
                    "crowd": np.array([bool(extra.get("crowd")) for extra in image.extras], bool),
                    "ignore": np.array([bool(extra.get("difficult")) for extra in image.extras], bool),
                    "area": np.array(
                        [extra.get("area", area) for extra, area in zip(image.extras, own)], float
                    ),
                }
            )
        return found


def unfit_name(name):
    """Why a name of a class or file cannot be written in every format, or None."""
    if not name:
        return "is empty"
    if name != name.strip():
        return "begins or ends with a space"
    return None if name.isprintable() else "has characters that do not print (a line break, a tab, …)"


def unsafe_path(file):
    """Why a picture's path must not be joined to a folder, or None."""
    if reason := unfit_name(file):
        return reason
    if file.startswith(("/", "\\")) or file[1:3] in (":\\", ":/"):
        return "is an absolute path (give it relative to the folder of pictures)"
    parts = file.replace("\\", "/").split("/")
    return "leaves the folder of pictures (..)" if ".." in parts else None


def label_stem(file):
    """The path of a picture without its extension: the name of its label file."""
    return posixpath.splitext(file)[0]
