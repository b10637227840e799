"""CVAT for images 1.1: one XML file for a dataset; corners as edges in pixels, from 0.

References:
    https://docs.cvat.ai/docs/manual/advanced/xml_format/
"""

from xml.etree import ElementTree

from cvlib.data.annotations.faults import AnnotationError, Fault, unreadable
from cvlib.data.annotations.gathering import existing, finish, folder_of, writable
from cvlib.data.annotations.numbers import flag, number, whole, written
from cvlib.data.annotations.records import AnnotatedImage
from cvlib.data.annotations.xml_lines import XMLError, attach, parse, save

SIDES = ("xtl", "ytl", "xbr", "ybr")
OWN = ("label", *SIDES, "occluded", "z_order")


def read_cvat(file, images=None, class_names=None, strict=True):
    """Read labels in CVAT's format for images, version 1.1.

    Args:
        file: the XML file, "annotations.xml" of an export.
        images: folder of the pictures, to check names and sizes; None to leave them alone.
        class_names: the classes, in order; by default those that the file declares, else those that occur.
        strict: raise for every fault that `check` finds, and for every shape that is not a box. If False,
            only for what cannot be read: such shapes are left out.

    Returns:
        `Annotations`; `occluded`, `z_order`, `attributes` and what else a box has (as `cvat`) are kept.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        AnnotationError: listing every fault with its line.
    """
    file, pictures = existing(file, "file"), folder_of(images)
    try:
        root = parse(file)
        if root.tag != "annotations":
            raise XMLError(f"its root must be <annotations>, got <{root.tag}>", root.line)
    except XMLError as error:
        raise AnnotationError(file, [unreadable(f"{file}:{error.line}", str(error))]) from None
    found, faults = [], []
    if tracks := root.all("track"):
        text = "a <track>, of CVAT for video: export the task as CVAT for images 1.1"
        faults.append(unreadable(f"{file}:{tracks[0].line}", text))
    for node in root.all("image"):
        _picture(node, file, found, faults)
    labels = list(dict.fromkeys(_labels(root)))
    kept = tuple(child.plain() for child in root.children if child.tag not in ("image", "track"))
    return finish(
        file,
        found,
        class_names if class_names is not None else labels or None,
        faults,
        folder=pictures,
        strict=strict,
        every=False,
        about={"cvat": kept} if kept else {},
    )


def write_cvat(annotations, file, decimals=None):
    """Write labels in CVAT's format for images, version 1.1.

    Args:
        annotations: `Annotations`; each picture needs a size.
        file: XML file to write.
        decimals: digits after the point; by default as many as it takes to read the same boxes back. CVAT
            itself writes 2.

    Raises:
        ValueError: if a picture has no size, or is listed twice.
    """
    writable(annotations)
    root = ElementTree.Element("annotations")
    kept = annotations.about.get("cvat", ())
    if not any(tag == "version" for tag, *_ in kept):
        ElementTree.SubElement(root, "version").text = "1.1"
    attach(root, kept)
    if not any(tag == "meta" for tag, *_ in kept):
        labels = ElementTree.SubElement(
            ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task"), "labels"
        )
        for name in annotations.class_names:
            ElementTree.SubElement(ElementTree.SubElement(labels, "label"), "name").text = name
    for index, image in enumerate(annotations):
        if image.size is None:
            raise ValueError(f"annotations: {image.file}: its size is unknown: repair(…, images) finds it")
        more = image.about.get("cvat", {})
        named = {"id": str(more.get("id", index)), "name": image.file}
        size = {"width": str(image.size[1]), "height": str(image.size[0])}
        node = ElementTree.SubElement(root, "image", named | size | more)
        for box, name, extra in zip(image.boxes, image.classes, image.extras):
            attributes = {"label": name, "occluded": str(int(bool(extra.get("occluded"))))}
            attributes |= {side: written(value, decimals) for side, value in zip(SIDES, box)}
            attributes |= {"z_order": str(extra.get("z_order", 0))} | extra.get("cvat", {})
            shape = ElementTree.SubElement(node, "box", attributes)
            for key, value in extra.get("attributes", {}).items():
                ElementTree.SubElement(shape, "attribute", name=key).text = value
    save(root, file)


def _labels(root):
    for meta in root.all("meta"):
        for job in meta.children:
            for labels in job.all("labels") + ([job] if job.tag == "labels" else []):
                yield from (name for label in labels.all("label") if (name := label.get("name")))


def _picture(node, file, found, faults):
    place, name = f"{file}:{node.line}", node.attributes.get("name")
    if not name:
        faults.append(unreadable(place, "the <image> has no name"))
        return
    size, boxes, classes, extras, places = None, [], [], [], []
    try:
        if node.attributes.keys() & {"height", "width"}:
            size = tuple(whole(node.attributes.get(side), side) for side in ("height", "width"))
    except ValueError as error:
        faults.append(unreadable(place, str(error)))
    for shape in node.children:
        here = f"{file}:{shape.line}"
        if shape.tag != "box":
            faults.append(
                Fault("shape", here, f"a <{shape.tag}> in {name!r}: only boxes are read", None, name)
            )
            continue
        try:
            box, label, extra = _box(shape)
        except ValueError as error:
            faults.append(unreadable(here, str(error)))
            continue
        boxes.append(box)
        classes.append(label)
        extras.append(extra)
        places.append(here)
    rest = {key: v for key, v in node.attributes.items() if key not in ("name", "width", "height")}
    about = {"cvat": rest} if rest else {}
    found.append(AnnotatedImage(name, boxes, classes, size, extras, about, str(file), None, place, places))


def _box(shape):
    given = shape.attributes
    label = given.get("label", "").strip()
    if not label:
        raise ValueError("the <box> has no label")
    box = [number(given.get(side), f"{side} of {label!r}") for side in SIDES]
    if number(given.get("rotation", 0), "rotation"):
        raise ValueError(
            f"the box of {label!r} is turned by {given['rotation']}°: only upright boxes are read"
        )
    extra = {"occluded": True} if flag(given.get("occluded", 0), "occluded") else {}
    if order := whole(given.get("z_order", 0), "z_order"):
        extra["z_order"] = order
    if attributes := {node.attributes.get("name", ""): node.text.strip() for node in shape.all("attribute")}:
        extra["attributes"] = attributes
    if rest := {key: value for key, value in given.items() if key not in OWN}:
        extra["cvat"] = rest
    return box, label, extra
