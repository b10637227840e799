"""YOLO: a text file for each picture, a line "class cx cy w h" for each box, in shares of the picture.

The lines hold no pixels, so the sizes come from the pictures' own headers. Six decimals are usual; on a
picture 640 wide they place an edge to 0.0005 pixel.
"""

import json
from pathlib import Path

import numpy as np

from cvlib.boxes import convert
from cvlib.data.annotations.faults import Fault, unreadable
from cvlib.data.annotations.gathering import existing, finish, folder_of, known_classes, writable
from cvlib.data.annotations.numbers import number, whole, written
from cvlib.data.annotations.records import AnnotatedImage, label_stem


def read_yolo(folder, images, classes, strict=True):
    """Read labels in YOLO's text format.

    A sixth number is taken for a score, as detectors write it.

    Args:
        folder: folder of the .txt files (sub-folders too).
        images: folder of the pictures, laid out in the same way.
        classes: the class names: a list, a text file with one a line ("classes.txt", "obj.names"), or a
            "data.yaml" with `names`.
        strict: raise for every fault that `check` finds; if False, only for what cannot be read.

    Returns:
        `Annotations`.

    Raises:
        FileNotFoundError: if a folder or the file of classes is not there.
        AnnotationError: listing every fault with its file and line.
    """
    folder, pictures = existing(folder, "folder", "folder"), folder_of(images)
    listed = None if isinstance(classes, (list, tuple)) else existing(classes, "classes")
    names = list(classes) if listed is None else _names(listed)
    found, faults = [], []
    for path in sorted(folder.rglob("*.txt")):
        stem = path.relative_to(folder).with_suffix("").as_posix()
        files = pictures.by_stem(stem)
        if (listed is not None and path.samefile(listed)) or (stem == "classes" and not files):
            continue
        size = pictures.size(files[0]) if len(files) == 1 else None
        if not isinstance(size, tuple):
            text = (
                size or f"there {f'are {len(files)} pictures' if files else 'is no picture'} named {stem!r}"
            )
            faults.append(Fault("no_image", str(path), f"{text}; without one its size is unknown"))
            continue
        found.append(_picture(path, stem, files[0], size, names, faults))
    return finish(folder, found, names, faults, folder=pictures, strict=strict, every=True)


def write_yolo(annotations, folder, decimals=6, images=None):
    """Write labels in YOLO's text format, with "classes.txt" and "data.yaml" beside them.

    Args:
        annotations: `Annotations`. What is known of a box beside its class, and pictures' names without
            their extensions, is all that the format holds.
        folder: where to write; existing files of the same name are replaced.
        decimals: digits after the point.
        images: folder of the pictures, for sizes that the labels do not declare.

    Raises:
        ValueError: if a size is unknown, a class has no number, or two pictures would share a file.
    """
    writable(annotations, by_stem=True)
    if any(label_stem(image.file) == "classes" for image in annotations):
        raise ValueError("annotations: a picture named 'classes' would replace classes.txt: rename it")
    numbers, pictures, texts = known_classes(annotations), folder_of(images), {}
    for image in annotations:
        size = image.size or (pictures and pictures.size(image.file))
        if not isinstance(size, tuple) or min(size) <= 0:
            raise ValueError(f"annotations: {image.file}: its size is unknown: pass images=, their folder")
        shares = convert(image.boxes, "xyxy", "rel_cxcywh", size)
        texts[label_stem(image.file)] = "".join(
            f"{numbers[name]} {' '.join(written(value, decimals) for value in row)}\n"
            for name, row in zip(image.classes, shares)
        )
    folder = Path(folder)
    for stem, text in texts.items():
        path = folder / f"{stem}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "classes.txt").write_text("".join(f"{n}\n" for n in annotations.class_names), encoding="utf-8")
    # JSON is YAML; json.dumps quotes what needs it.
    text = f"nc: {len(numbers)}\nnames: {json.dumps(list(annotations.class_names), ensure_ascii=False)}\n"
    (folder / "data.yaml").write_text(text, encoding="utf-8")


def _names(path):
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() not in (".yaml", ".yml"):
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        import yaml
    except ImportError:
        raise ImportError("classes: a .yaml file needs PyYAML; or pass the names as a list") from None
    try:
        names = (yaml.safe_load(text) or {}).get("names")
    except (yaml.YAMLError, AttributeError) as error:
        raise ValueError(f"classes: {path} is no YAML with names ({error})") from error
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            raise ValueError(
                f"classes: {path}: names must be numbered 0, 1, 2 …, got {sorted(names, key=str)}"
            )
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise ValueError(f"classes: {path} must have names, a list, got {names!r}")
    return [str(name) for name in names]


def _picture(path, stem, file, size, names, faults):
    rows, classes, extras, places = [], [], [], []
    for line, text in enumerate(path.read_bytes().decode("utf-8-sig", "replace").splitlines(), start=1):
        cells, place = text.split(), f"{path}:{line}"
        if not cells:
            continue
        if len(cells) not in (5, 6):
            hint = " (an outline? only boxes are read)" if len(cells) > 6 else ""
            faults.append(unreadable(place, f"expected class cx cy w h, got {len(cells)} values{hint}"))
            continue
        try:
            index = whole(cells[0], "the class")
            row = [number(cell, what) for cell, what in zip(cells[1:5], ("cx", "cy", "w", "h"))]
            extra = {"score": number(cells[5], "the score")} if len(cells) == 6 else {}
        except ValueError as error:
            faults.append(unreadable(place, str(error)))
            continue
        if max(map(abs, row)) > 2:
            faults.append(
                unreadable(place, f"{text.strip()!r}: pixels? expected shares of the picture, 0 to 1")
            )
            continue
        rows.append(row)
        classes.append(names[index] if 0 <= index < len(names) else f"number {index}")
        extras.append(extra)
        places.append(place)
    boxes = convert(np.array(rows, np.float64).reshape(-1, 4), "rel_cxcywh", "xyxy", size)
    return AnnotatedImage(file, boxes, classes, size, extras, {}, str(path), stem, str(path), places)
