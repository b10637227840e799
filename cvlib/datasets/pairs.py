"""Pictures and their masks: the files of a segmentation dataset, and how its masks are put together."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cvlib.datasets.catalogue import File
from cvlib.datasets.dataset import SPLITS

COLUMNS = "path,bytes,sha256,label,split,group,picture,left,top"


@dataclass(frozen=True)
class PairFile(File):
    """A picture, or a crop that says where one class lies in a part of a picture.

    Attributes:
        label: class of the crop; empty for a picture.
        group: what must stay in one split: the patient.
        picture: path of the picture that a crop belongs to; empty for a picture.
        left: column of the picture at which the crop begins, in pixels.
        top: row, likewise.
    """

    group: str
    picture: str
    left: int
    top: int

    @property
    def place(self):
        """`<split>/images/<file>`, or for a crop `<split>/crops/<file>` until its mask is made."""
        return f"{self.split}/{'images' if self.is_picture else 'crops'}/{PurePosixPath(self.path).name}"

    @property
    def is_picture(self):
        """Whether it is a picture; else it is a crop of one's mask."""
        return not self.picture

    @property
    def fingerprint(self):
        """Changes when its content, or where it belongs, does."""
        return f"{super().fingerprint} {self.label} {self.picture} {self.left} {self.top}"


def file(row):
    """The `PairFile` of a manifest's row.

    Raises:
        KeyError, TypeError or ValueError: if the row lacks a column or holds no number where one belongs.
    """
    picture = row["picture"]
    left, top = (int(row["left"]), int(row["top"])) if picture else (0, 0)
    if bool(picture) != bool(row["label"]) or left < 0 or top < 0 or not row["group"]:
        raise ValueError("a crop has label, picture, left and top, a picture none of them")
    return PairFile(
        row["path"],
        int(row["bytes"]),
        row["sha256"],
        row["label"],
        row["split"],
        row["group"],
        picture,
        left,
        top,
    )


def mask_place(place):
    """Where the mask of a picture lies: `<split>/masks/<name>.png`.

    Example:
        >>> mask_place("train/images/a.b.jpg")
        'train/masks/a.b.png'
    """
    split, _, name = place.split("/")
    return f"{split}/masks/{PurePosixPath(name).stem}.png"


def assemble(card, folder):
    """Write the mask of every picture and remove the crops.

    A mask is a grey PNG of the picture's size with the class index of each pixel: 0 except where a crop,
    pasted with its top-left corner at (left, top), is not black. Later crops lie over earlier ones.

    Args:
        card: a `catalogue.Card` of `PairFile`s.
        folder: that holds all of them, each at its place.

    Raises:
        RuntimeError: if a crop does not lie within its picture.
    """
    import numpy as np
    from PIL import Image

    from cvlib.data.reading import read_image

    folder, crops = Path(folder), {}
    for each in card.files:
        if not each.is_picture:
            crops.setdefault(each.picture, []).append(each)
    for picture in (each for each in card.files if each.is_picture):
        mask = np.zeros(read_image(folder / picture.place, channels=1).shape[:2], np.uint8)
        for crop in crops.get(picture.path, []):
            inside = read_image(folder / crop.place).any(-1)
            part = mask[crop.top : crop.top + inside.shape[0], crop.left : crop.left + inside.shape[1]]
            if part.shape != inside.shape:
                raise RuntimeError(
                    f"{crop.path} is {inside.shape[1]}×{inside.shape[0]} pixels and does not fit into "
                    f"{picture.path}, {mask.shape[1]}×{mask.shape[0]}, at ({crop.left}, {crop.top})"
                )
            part[inside] = card.classes.index(crop.label)
        target = folder / mask_place(picture.place)
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(target)  # read back in half the time that OpenCV's PNG takes
    for each in card.files:
        if not each.is_picture:
            (folder / each.place).unlink()
    for split in SPLITS:
        if (folder / split / "crops").is_dir():
            (folder / split / "crops").rmdir()


def frame(card, places, source):
    """The table of a dataset: `path`, `mask`, `split`, `group`, a row a picture.

    Args:
        card: a `catalogue.Card`.
        places: of all files of the folder.
        source: "real", where the manifest knows the groups, or "synthetic", where the name of a picture does:
            `<group>-<anything>.png`.

    Returns:
        pandas DataFrame, train first, sorted by name.
    """
    import pandas as pd

    groups = {each.place: each.group for each in card.files} if source == "real" else {}
    rank = {split: number for number, split in enumerate(SPLITS)}
    pictures = sorted(
        (place for place in places if place.split("/")[1] == "images"),
        key=lambda place: (rank[place.split("/")[0]], place),
    )
    return pd.DataFrame(
        [
            (
                place,
                mask_place(place),
                place.split("/")[0],
                groups.get(place) or PurePosixPath(place).stem.split("-")[0],
            )
            for place in pictures
        ],
        columns=["path", "mask", "split", "group"],
    )


def check_layout(card, folder):
    """Refuse a simulated twin that lacks a split, or a mask of a picture, or has one too many.

    Raises:
        RuntimeError: with the name of what is missing.
    """
    for split in SPLITS:
        pictures = {path.stem for path in (folder / split / "images").glob("*")}
        masks = {path.stem for path in (folder / split / "masks").glob("*.png")}
        if not pictures or pictures != masks:
            odd = sorted(pictures ^ masks)[:3] or ["no picture"]
            raise RuntimeError(f"the simulator {card.simulator} made no pairs for {split}: {', '.join(odd)}")
