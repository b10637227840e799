"""COCO: one JSON file for a dataset; boxes are [left, top, width, height] in pixels, edges, from 0.

x2 = x1 + width is summed in decimals (61.87 + 296.42 = 358.29), so that a width comes back as it was written.
Corners of more than 15 digits may come back one unit in the last place away: the file holds the width.

References:
    Lin et al., 2014, Microsoft COCO: Common Objects in Context; https://cocodataset.org/#format-data
"""

import json
import math
from collections import Counter
from pathlib import Path

from cvlib.data.annotations.faults import AnnotationError, unreadable
from cvlib.data.annotations.gathering import existing, finish, folder_of, known_classes, writable
from cvlib.data.annotations.numbers import flag, number, plus, whole
from cvlib.data.annotations.records import AnnotatedImage

OWN = ("id", "image_id", "category_id", "bbox", "iscrowd", "area")
IMAGE = ("id", "file_name", "width", "height")


def read_coco(file, images=None, strict=True):
    """Read labels in COCO's format.

    Args:
        file: a JSON file with `images`, `annotations` and `categories`.
        images: folder of the pictures, to check names and sizes; None to leave them alone.
        strict: raise for every fault that `check` finds; if False, only for what cannot be read.

    Returns:
        `Annotations`: pictures in the file's order, classes by their category id. Ids, `iscrowd` (as
        `crowd`), `area` where it is not width × height, and all else (as `coco`: outlines, key points) are
        kept in `extras` and `about`.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        AnnotationError: listing every fault with the annotation's id and index.
    """
    file, pictures = existing(file, "file"), folder_of(images)
    data = _load(file)
    faults, by_id, boxes = [], {}, {}
    names, numbers = {}, set()
    for index, entry in enumerate(data["categories"]):
        try:
            key, name = whole(entry["id"], "id"), str(entry["name"])
            if key in names or name in names.values():
                raise ValueError(f"the id {key} or the name {name!r} is there already")
            names[key] = name
        except (TypeError, KeyError, ValueError) as error:
            faults.append(unreadable(f"{file}, categories[{index}]", _why(error)))
    for index, entry in enumerate(data["images"]):
        try:
            key, name = whole(entry["id"], "id"), entry["file_name"]
            if key in by_id or not isinstance(name, str) or not name:
                raise ValueError(
                    f"the id {key} is there already" if key in by_id else "there is no file_name"
                )
            size = None
            if entry.get("width") is not None or entry.get("height") is not None:
                size = whole(entry.get("height"), "height"), whole(entry.get("width"), "width")
            by_id[key], boxes[key] = (entry, size, f"{file}, image {key} (images[{index}])"), []
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            faults.append(unreadable(f"{file}, images[{index}]", _why(error)))
    for index, entry in enumerate(data["annotations"]):
        shown = entry.get("id", "without id") if isinstance(entry, dict) else "of no form"
        place = f"{file}, annotation {shown} (annotations[{index}])"
        try:
            box, extra = _box(entry)
            image, category = whole(entry["image_id"], "image_id"), whole(entry["category_id"], "category_id")
            if image not in by_id:
                raise ValueError(f"there is no image with the id {image}")
            if "id" in extra and extra["id"] in numbers:
                raise ValueError(f"the id {extra['id']} is there already")
            numbers.add(extra.get("id"))
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            faults.append(unreadable(place, _why(error)))
            continue
        boxes[image].append((box, names.get(category, f"category {category}"), extra, place))
    found = []
    for key, (entry, size, place) in by_id.items():
        box, classes, extras, places = zip(*boxes[key]) if boxes[key] else ((), (), (), ())
        about = {"id": key}
        if rest := {name: value for name, value in entry.items() if name not in IMAGE}:
            about["coco"] = rest
        name = entry["file_name"]
        found.append(AnnotatedImage(name, box, classes, size, extras, about, str(file), None, place, places))
    order = sorted(names)
    about = {"category_ids": tuple(order)}
    if rest := {name: v for name, v in data.items() if name not in ("images", "annotations", "categories")}:
        about["coco"] = rest
    more = {e["id"]: e for e in data["categories"] if isinstance(e, dict) and set(e) - {"id", "name"}}
    if more:
        about["categories"] = {names[key]: entry for key, entry in more.items() if key in names}
    class_names = [names[key] for key in order]
    return finish(file, found, class_names, faults, folder=pictures, strict=strict, every=False, about=about)


def write_coco(annotations, file):
    """Write labels in COCO's format. Ids that are known and free are kept, others made.

    Args:
        annotations: `Annotations`.
        file: JSON file to write.

    Raises:
        ValueError: if a class has no number, or a picture is listed twice.
    """
    writable(annotations)
    numbers = known_classes(annotations)
    ids = annotations.about.get("category_ids", ())
    ids = ids if len(ids) == len(numbers) else range(1, len(numbers) + 1)
    known = annotations.about.get("categories", {})
    image_ids = _ids([image.about.get("id") for image in annotations])
    box_ids = iter(_ids([extra.get("id") for image in annotations for extra in image.extras]))
    pictures, boxes = [], []
    for image, key in zip(annotations, image_ids):
        entry = {"id": key, "file_name": image.file}
        if image.size is not None:
            entry |= {"width": image.size[1], "height": image.size[0]}
        pictures.append(entry | image.about.get("coco", {}))
        for box, name, extra in zip(image.boxes, image.classes, image.extras):
            xywh = [_tidy(box[0]), _tidy(box[1]), _side(box[0], box[2]), _side(box[1], box[3])]
            entry = {
                "id": next(box_ids),
                "image_id": key,
                "category_id": ids[numbers[name]],
                "bbox": xywh,
                "area": extra.get("area", xywh[2] * xywh[3]),
                "iscrowd": int(bool(extra.get("crowd"))),
            }
            boxes.append(entry | extra.get("coco", {}))
    categories = [{**known.get(name, {}), "id": ids[n], "name": name} for name, n in numbers.items()]
    data = {**annotations.about.get("coco", {}), "images": pictures, "annotations": boxes}
    text = json.dumps(data | {"categories": categories}, ensure_ascii=False, allow_nan=False)
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")


def _load(file):
    try:
        data = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise AnnotationError(file, [unreadable(f"{file}{line}", f"not JSON: {error}")]) from None
    if not isinstance(data, dict):
        text = (
            "expected an object with images, annotations and categories (a result file? it has no pictures)"
        )
        raise AnnotationError(file, [unreadable(file, text)])
    if lacks := [
        key for key in ("images", "annotations", "categories") if not isinstance(data.get(key), list)
    ]:
        raise AnnotationError(file, [unreadable(file, f"there is no list {key!r}") for key in lacks])
    return data


def _box(entry):
    bbox = entry["bbox"]
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise ValueError(f"bbox must be [left, top, width, height], got {bbox!r}")
    left, top, width, height = (number(value, "a value of bbox") for value in bbox)
    extra = {"id": whole(entry["id"], "id")} if entry.get("id") is not None else {}
    if flag(entry.get("iscrowd", 0), "iscrowd"):
        extra["crowd"] = True
    if entry.get("area") is not None and number(entry["area"], "area") != width * height:
        extra["area"] = number(entry["area"], "area")
    if rest := {name: value for name, value in entry.items() if name not in OWN}:
        extra["coco"] = rest
    return (left, top, plus(left, width), plus(top, height)), extra


def _why(error):
    return f"there is no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)


def _tidy(value):
    value = float(value)
    return int(value) if value.is_integer() else value


def _side(low, high):
    """The length that the reader turns back into `high`."""
    side = plus(high, low, -1)
    for candidate in (side, math.nextafter(side, math.inf), math.nextafter(side, -math.inf)):
        if plus(low, candidate) == high:
            return _tidy(candidate)
    return _tidy(side)


def _ids(known):
    """Each id as known where it is the first of its kind, else a free one."""
    uses, seen, free, found = Counter(known), set(), 1, []
    for key in known:
        if key is None or key in seen:
            while free in uses or free in seen:
                free += 1
            key = free
        seen.add(key)
        found.append(key)
    return found
