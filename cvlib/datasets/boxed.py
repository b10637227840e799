"""Pictures and their boxes: the files of a detection dataset, and how its boxes are read."""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from cvlib.datasets.catalogue import File
from cvlib.datasets.dataset import SPLITS

COLUMNS = "path,bytes,sha256,label,split"


@dataclass(frozen=True)
class BoxFile(File):
    """A picture, or the Pascal VOC file with its boxes; `label` is empty: a picture may hold all classes."""

    @property
    def place(self):
        """`<split>/images/<file>`, or `<split>/annotations/<file>`."""
        kind = "images" if self.is_picture else "annotations"
        return f"{self.split}/{kind}/{PurePosixPath(self.path).name}"

    @property
    def is_picture(self):
        """Whether it is a picture; else it holds one's boxes."""
        return not self.path.endswith(".xml")


def file(row):
    """The `BoxFile` of a manifest's row.

    Raises:
        KeyError, TypeError or ValueError: if the row lacks a column or holds no number where one belongs.
    """
    return BoxFile(row["path"], int(row["bytes"]), row["sha256"], row["label"], row["split"])


def label_place(place):
    """Where the boxes of a picture lie, below the same folder.

    Example:
        >>> label_place("train/images/a.b.jpg")
        'train/annotations/a.b.xml'
    """
    folder, _, name = place.rpartition("/")
    return f"{folder.removesuffix('images')}annotations/{PurePosixPath(name).stem}.xml"


def read(directory, paths, class_names):
    """The boxes of some pictures, mended: what has no width or height is left out.

    Args:
        directory: of the dataset.
        paths: of its pictures, relative to that.
        class_names: in the order of their indices.

    Returns:
        `cvlib.data.annotations.Annotations`, in the order of `paths`, with these as the names of the files.

    Raises:
        cvlib.data.annotations.AnnotationError: if a file cannot be read.
    """
    from cvlib.data.annotations import read_voc, repair

    names = [label_place(path).removesuffix(".xml") for path in paths]
    labels = read_voc(directory, names=names, class_names=class_names, strict=False)
    labels.images = [replace(image, file=path, stem=None) for image, path in zip(labels, paths)]
    return repair(labels)[0]


def frame(directory, places, class_names):
    """The table of a dataset: `path`, `boxes`, `labels`, `difficult`, `split`, a row a picture.

    Args:
        directory: of the dataset.
        places: of all its files.
        class_names: in the order of their indices.

    Returns:
        pandas DataFrame, train first, sorted by name; see `Dataset.frame`.
    """
    import numpy as np
    import pandas as pd

    rank = {split: number for number, split in enumerate(SPLITS)}
    pictures = sorted(
        (place for place in places if place.split("/")[1] == "images"),
        key=lambda place: (rank[place.split("/")[0]], place),
    )
    truths = read(directory, pictures, class_names).truths()
    return pd.DataFrame(
        {
            "path": pictures,
            "boxes": [truth["boxes"].astype(np.float32) for truth in truths],
            "labels": [truth["classes"].astype(np.int32) for truth in truths],
            "difficult": [truth["ignore"] for truth in truths],
            "split": [place.split("/")[0] for place in pictures],
        }
    )


def check_layout(card, folder):
    """Refuse a simulated twin that lacks a split, a picture's boxes, or a class of a split.

    Raises:
        RuntimeError: with the name of what is missing.
    """
    for split in SPLITS:
        pictures = {path.stem for path in (folder / split / "images").glob("*")}
        labels = {path.stem for path in (folder / split / "annotations").glob("*.xml")}
        if not pictures or pictures != labels:
            odd = sorted(pictures ^ labels)[:3] or ["no picture"]
            raise RuntimeError(
                f"the simulator {card.simulator} made no labelled pictures for {split}: {', '.join(odd)}"
            )
        paths = [f"{split}/images/{path.name}" for path in (folder / split / "images").glob("*")]
        for name, number in read(folder, paths, card.classes).counts().items():
            if number == 0 or name not in card.classes:
                raise RuntimeError(f"the simulator {card.simulator} made {number} {name} boxes for {split}")
