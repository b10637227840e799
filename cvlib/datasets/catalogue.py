"""The cards of the catalogue: what a dataset is, where it comes from, and every file that belongs to it."""

import csv
import difflib
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cvlib.datasets.dataset import SPLITS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class File:
    """One file of a dataset.

    Attributes:
        path: at the source.
        bytes: its size.
        sha256: of its content, in hexadecimal.
        label: its class.
        split: "train", "validation" or "test".
    """

    path: str
    bytes: int
    sha256: str
    label: str
    split: str

    @property
    def place(self):
        """Where it lies in the cache: `<split>/<label>/<file>`."""
        return f"{self.split}/{self.label}/{PurePosixPath(self.path).name}"

    @property
    def is_picture(self):
        """Whether it is a picture; else it belongs to one."""
        return True

    @property
    def fingerprint(self):
        """Changes when its content or its place does."""
        return f"{self.place} {self.bytes} {self.sha256}"


@dataclass(frozen=True)
class Card:
    """What is known about a dataset; see datasets/README.md for each field.

    Attributes:
        name: of the card's file.
        title: for people.
        task: "classification", "segmentation" or "detection".
        classes: names in the order of their indices.
        licence: under which the pictures may be used.
        citation: what to cite.
        about: a few sentences.
        url: the address below which the files' paths lie, pinned to a commit; empty if the pictures are
            always simulated.
        mirror: the folder of a mirror below which they lie; likewise.
        simulator: the module whose `make` draws the simulated twin, or None.
        files: tuple of `File`; of `pairs.PairFile` for segmentation, `boxed.BoxFile` for detection.
    """

    name: str
    title: str
    task: str
    classes: tuple
    licence: str
    citation: str
    about: str
    url: str
    mirror: str
    simulator: str | None
    files: tuple

    @property
    def key(self):
        """Changes when a file of the dataset, or its place, does."""
        lines = sorted(file.fingerprint for file in self.files)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def folder():
    """Where the cards lie: inside the installed package, or in the checkout's `datasets/`."""
    packed = Path(__file__).parent / "cards"
    return packed if any(packed.glob("*.toml")) else Path(__file__).parents[2] / "datasets"


def names():
    """The names that `load` knows, sorted.

    Example:
        >>> "face_mask" in names()
        True
    """
    return sorted(path.stem for path in folder().glob("*.toml"))


def read(name, cards=None):
    """Read a card and its manifest.

    Args:
        name: of the dataset.
        cards: the folder with the cards; by default the one that came with the package.

    Returns:
        A `Card`.

    Raises:
        ValueError: if there is no such card, or it is not well formed.
    """
    cards = folder() if cards is None else Path(cards)
    known = sorted(path.stem for path in cards.glob("*.toml"))
    if name not in known:
        close = difflib.get_close_matches(str(name), known, 1)
        raise ValueError(
            f"there is no dataset {name!r}; the catalogue has {', '.join(map(repr, known)) or 'none'}"
            + (f" (did you mean {close[0]!r}?)" if close else "")
        )
    path = cards / f"{name}.toml"
    try:
        with open(path, "rb") as file:
            fields = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"the card {path} is not well formed: {error}") from error
    drawn = fields.get("source") == "simulated"
    source = {"url": "", "mirror": ""} if drawn else fields.get("source", {})
    wanted = {"title", "task", "classes", "licence", "citation", "about"}
    wanted |= {"simulator"} if drawn else set()
    missing = sorted(wanted - fields.keys()) + sorted(
        f"source.{field}" for field in {"url", "mirror"} - source.keys()
    )
    if missing:
        raise ValueError(f"the card {path} lacks {', '.join(missing)}")
    return Card(
        name=name,
        classes=tuple(fields["classes"]),
        url=source["url"],
        mirror=source["mirror"],
        simulator=fields.get("simulator"),
        files=() if drawn else _manifest(path.with_suffix(".csv"), fields["classes"], fields["task"]),
        **{field: " ".join(fields[field].split()) for field in wanted - {"classes", "simulator"}},
    )


def _manifest(path, classes, task):
    make, columns = _file, "path,bytes,sha256,label,split"
    if task == "segmentation":
        from cvlib.datasets import pairs

        make, columns, classes = pairs.file, pairs.COLUMNS, ["", *classes]
    elif task == "detection":
        from cvlib.datasets import boxed

        make, columns, classes = boxed.file, boxed.COLUMNS, [""]
    files, places = [], set()
    with open(path, newline="", encoding="utf-8") as opened:
        for number, row in enumerate(csv.DictReader(opened), start=2):
            try:
                file = make(row)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}, line {number} is not {columns}") from error
            parts = PurePosixPath(file.path).parts
            if file.label not in classes or file.split not in SPLITS:
                raise ValueError(f"{path}, line {number}: unknown label or split: {row}")
            if file.place in places or ".." in parts or parts[0] == "/":
                raise ValueError(f"{path}, line {number}: repeated place or unsafe path: {row}")
            places.add(file.place)
            files.append(file)
    return tuple(files)


def _file(row):
    return File(row["path"], int(row["bytes"]), row["sha256"], row["label"], row["split"])
