"""A dataset on disk."""

from dataclasses import dataclass, replace
from pathlib import Path

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, repr=False)
class Dataset:
    """Images on disk, and what is known about them.

    Attributes:
        name: as in `cvlib.datasets.names()`.
        title: for people.
        task: "classification", "segmentation" or "detection".
        directory: `pathlib.Path` of the folder. For classification it holds `<split>/<class>/<file>`, so that
            `flow_from_directory(dataset.directory / "train")` works; for segmentation
            `<split>/images/<name>.<any>` and `<split>/masks/<name>.png`, whose pixels are class indices; for
            detection `<split>/images/<name>.<any>` and `<split>/annotations/<name>.xml` (Pascal VOC).
        frame: pandas DataFrame with a row an image: `path` (relative to `directory`), `label` and `split`, or
            for segmentation `path`, `mask` (likewise relative), `split` and `group` (the patient). For
            detection `path`, `boxes` (float32 array (N, 4), `xyxy` in pixels of the file), `labels` (int32
            array (N,), class indices), `difficult` (bool array (N,): boxes that no score should count) and
            `split`, as `ImageDataGenerator.flow_from_dataframe(…, boxes="boxes", labels="labels")` takes it.
        class_names: in the order of their indices.
        source: "real" or "synthetic".
        licence: under which the pictures may be used.
        citation: what to cite.
    """

    name: str
    title: str
    task: str
    directory: Path
    frame: object
    class_names: tuple
    source: str
    licence: str
    citation: str

    def split(self, name):
        """One split as a dataset of its own: its directory holds a folder per class, or `images` and `masks`.

        Args:
            name: "train", "validation" or "test".

        Returns:
            A `Dataset` whose frame has the rows of that split, with paths relative to the new directory.

        Raises:
            ValueError: if there is no such split.
        """
        found = [split for split in SPLITS if (self.frame["split"] == split).any()]
        if name not in found:
            raise ValueError(f"split must be one of {', '.join(map(repr, found))}, got {name!r}")
        frame = self.frame[self.frame["split"] == name].reset_index(drop=True)
        if not frame["path"].str.startswith(f"{name}/").all():  # this is that split already
            return replace(self, frame=frame)
        for column in frame.columns.intersection(["path", "mask"]):
            frame = frame.assign(**{column: frame[column].str.removeprefix(f"{name}/")})
        return replace(self, directory=self.directory / name, frame=frame)

    def annotations(self):
        """The boxes of a detection dataset as `cvlib.data.annotations` knows them, to check, show or convert.

        Returns:
            `cvlib.data.annotations.Annotations`, a picture a row of the frame, in its order; each `file` is
            the row's `path`. Boxes without width or height are left out; `.truths()` is what
            `cvlib.metrics.detection.mean_average_precision` takes.

        Raises:
            ValueError: if the dataset has no boxes.
        """
        if self.task != "detection":
            raise ValueError(f"{self.name} has no boxes: it is a dataset for {self.task}")
        from cvlib.datasets import boxed

        return boxed.read(self.directory, self.frame["path"].tolist(), self.class_names)

    def __len__(self):
        return len(self.frame)

    def __repr__(self):
        counts = self.frame["split"].value_counts()
        parts = ", ".join(f"{name} {counts[name]:,}" for name in SPLITS if name in counts)
        return (
            f"<Dataset {self.name} ({self.source}): {len(self):,} images, {parts}; "
            f"classes {', '.join(self.class_names)}; {self.directory}>"
        )
