"""Pascal VOC: an XML file for each picture.

VOC numbers pixels from 1 and counts both ends in: `xmin` is the first column of the object, `xmax` its last.
As edges, which we keep, that is x1 = xmin − 1 and x2 = xmax: the box 1…640 is 0 to 640, and 640 wide. The
sums are done in decimals, so that also fractions of a pixel come back digit for digit.

References:
    Everingham & Winn, 2012, The PASCAL VOC 2012 Development Kit, section 4.
"""

from pathlib import Path
from xml.etree import ElementTree

from cvlib.data.annotations.faults import Fault, unreadable
from cvlib.data.annotations.gathering import existing, finish, folder_of, writable
from cvlib.data.annotations.numbers import flag, minus_text, number, plus_text, whole, written
from cvlib.data.annotations.records import AnnotatedImage, label_stem
from cvlib.data.annotations.xml_lines import XMLError, attach, parse, save

FLAGS = ("truncated", "difficult", "occluded")
SIDES = ("xmin", "ymin", "xmax", "ymax")


def read_voc(folder, images=None, names=None, class_names=None, strict=True, smallest=1.0):
    """Read labels in Pascal VOC's format.

    Args:
        folder: folder of XML files (sub-folders too), "Annotations" in VOC's layout.
        images: folder of the pictures ("JPEGImages"), to check names and sizes; None to leave them alone.
        names: which to read: a list of names without extension, or a text file with one a line, as in
            VOC's "ImageSets/Main/train.txt"; by default all.
        class_names: the classes, in order; by default those that occur, sorted.
        strict: raise for every fault that `check` finds; if False, only for what cannot be read.
        smallest: a box is empty unless both sides are longer, in pixels. By the letter, xmin = xmax is one
            pixel wide; the programs that people label with write it for a click without a drag.

    Returns:
        `Annotations`.

    Raises:
        FileNotFoundError: if a folder, or the list of names, is not there.
        AnnotationError: listing every fault with its file and line.

    Example:
        >>> labels = read_voc("Annotations", "JPEGImages", "ImageSets/Main/val.txt")  # doctest: +SKIP
    """
    folder, pictures = existing(folder, "folder", "folder"), folder_of(images)
    found, faults = [], []
    for path, place in _paths(folder, names):
        if not path.is_file():
            near = pictures.by_stem(label_stem(place[1])) if pictures else []
            text = f"there is no {path.name} in {folder}"
            faults.append(Fault("no_annotation", place[0], text, file=near[0] if near else None))
            continue
        try:
            found.append(
                _picture(parse(path), path, path.relative_to(folder).with_suffix("").as_posix(), faults)
            )
        except XMLError as error:
            faults.append(unreadable(f"{path}:{error.line}", str(error)))
        except ValueError as error:
            faults.append(unreadable(path, str(error)))
    return finish(
        folder,
        found,
        class_names,
        faults,
        folder=pictures,
        strict=strict,
        every=names is None,
        smallest=smallest,
    )


def write_voc(annotations, folder, decimals=None):
    """Write labels in Pascal VOC's format, an XML file for each picture.

    Args:
        annotations: `Annotations`.
        folder: where to write; existing files of the same name are replaced.
        decimals: digits after the point; by default as many as it takes to read the same boxes back. VOC
            itself has whole pixels: 0.

    Raises:
        ValueError: if two pictures would share a file, or a name cannot be written.
    """
    writable(annotations, by_stem=True)
    for image in annotations:
        root = ElementTree.Element("annotation")
        attach(root, [("filename", {}, image.file.rpartition("/")[2], ())])
        attach(root, image.about.get("voc", ()))
        if image.size is not None:
            size = ElementTree.SubElement(root, "size")
            for name, value in zip(("width", "height"), image.size[::-1]):
                ElementTree.SubElement(size, name).text = str(value)
            ElementTree.SubElement(size, "depth").text = str(image.about.get("depth", 3))
        for box, name, extra in zip(image.boxes, image.classes, image.extras):
            node = ElementTree.SubElement(root, "object")
            ElementTree.SubElement(node, "name").text = name
            ElementTree.SubElement(node, "pose").text = extra.get("pose", "Unspecified")
            for key in FLAGS:
                if key != "occluded" or extra.get(key):
                    ElementTree.SubElement(node, key).text = str(int(bool(extra.get(key))))
            bounds = ElementTree.SubElement(node, "bndbox")
            for side, value, first in zip(SIDES, box, (1, 1, 0, 0)):
                text = plus_text(value, first) if decimals is None else written(value + first, decimals)
                ElementTree.SubElement(bounds, side).text = text
            attach(node, extra.get("voc", ()))
        save(root, Path(folder) / f"{label_stem(image.file)}.xml")


def _paths(folder, names):
    """Tuples (path of a label file, (place that asks for it, its name))."""
    if names is None:
        return [(path, (str(path), path.stem)) for path in sorted(folder.rglob("*.xml"))]
    if isinstance(names, (str, Path)):
        file = existing(names, "names")
        lines = enumerate(file.read_text(encoding="utf-8-sig").splitlines(), start=1)
        # The lists of one class ("cat_train.txt") have a second column: 1, 0 or −1.
        asked = [(f"{file}:{line}", text.split()[0]) for line, text in lines if text.strip()]
    else:
        asked = [(f"names[{index}]", str(name)) for index, name in enumerate(names)]
    return [(folder / f"{name}.xml", (place, name)) for place, name in asked]


def _picture(root, path, stem, faults):
    if root.tag != "annotation":
        raise XMLError(f"its root must be <annotation>, got <{root.tag}>", root.line)
    place = f"{path}:{next((child.line for child in root.all('filename')), root.line)}"
    file = root.get("filename")
    if not file:
        file = stem + ".jpg"
        faults.append(unreadable(place, "there is no <filename>"))
    elif "/" in stem and "/" not in file:
        file = f"{stem.rpartition('/')[0]}/{file}"
    size, about = None, {}
    for node in root.all("size")[:1]:
        try:
            size = whole(node.get("height"), "<height>"), whole(node.get("width"), "<width>")
            if (depth := node.get("depth")) and depth != "3":
                about["depth"] = whole(depth, "<depth>")
        except ValueError as error:
            faults.append(unreadable(f"{path}:{node.line}", str(error)))
    kept = tuple(child.plain() for child in root.children if child.tag not in ("filename", "size", "object"))
    if kept:
        about["voc"] = kept
    boxes, classes, extras, places = [], [], [], []
    for node in root.all("object"):
        here = f"{path}:{node.line}"
        try:
            box, name, extra = _object(node)
        except ValueError as error:
            faults.append(unreadable(here, str(error)))
            continue
        boxes.append(box)
        classes.append(name)
        extras.append(extra)
        places.append(here)
    return AnnotatedImage(file, boxes, classes, size, extras, about, str(path), stem, place, places)


def _object(node):
    name = node.get("name")
    if not name:
        raise ValueError("the object has no <name>")
    bounds = node.all("bndbox")
    if len(bounds) != 1:
        raise ValueError(f"the object {name!r} must have one <bndbox>, got {len(bounds)}")
    box = []
    for side, first in zip(SIDES, (1, 1, 0, 0)):
        text = bounds[0].get(side)
        number(text, f"<{side}> of {name!r}")
        box.append(minus_text(text, first))
    extra = {key: True for key in FLAGS if flag(node.get(key) or 0, f"<{key}> of {name!r}")}
    if (pose := node.get("pose")) not in (None, "", "Unspecified"):
        extra["pose"] = pose
    kept = [child.plain() for child in node.children if child.tag not in ("name", "bndbox", "pose", *FLAGS)]
    return box, name, extra | ({"voc": tuple(kept)} if kept else {})
