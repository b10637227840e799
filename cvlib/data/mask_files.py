"""Look over pictures and masks before training: everything that is wrong with them, at once and by name."""

import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from cvlib.data import masks as labels
from cvlib.data.bad_rows import TableError, count
from cvlib.data.image_files import EXTENSIONS, hidden
from cvlib.data.reading import ImageReadError, read_image, read_mask

#: More values than that in a mask whose number of classes is not known are grey levels, not labels.
MOST_LABELS = 64


def check_masks(images, masks=None, classes=None, ignore_index=None, directory=".", allow_empty=False):
    """Read every picture and its mask, and name all that is wrong with them.

    Args:
        images: folder of pictures; or a DataFrame with columns `path` and `mask`, a row a pair (then `masks`
            is not needed).
        masks: folder of masks, laid out as the pictures: a mask has its picture's name with any extension.
        classes: how many classes there are, with the background; None if not known.
        ignore_index: a label that stands for no class, or None.
        directory: where the paths of a DataFrame lie.
        allow_empty: let masks pass that hold only background (0) and `ignore_index`: pictures with nothing to
            find.

    Returns:
        DataFrame with a row a pair: `path`, `mask`, `height`, `width`, `labels` (tuple of those in the mask)
        and `foreground`, the share of pixels that are neither 0 nor `ignore_index`.

    Raises:
        cvlib.data.bad_rows.TableError: if anything is wrong: a picture without mask, a mask without picture
            or twice, a file that cannot be read, another size than the picture's, colours, fractions, labels
            that are no class, an empty mask. Its `.problems` lists (file, reason).
        FileNotFoundError: if a folder is not there.
        ValueError: if an argument cannot be used.

    Example:
        >>> dataset = cvlib.datasets.load("lungs").split("train")  # doctest: +SKIP
        >>> found = check_masks(dataset.frame, directory=dataset.directory, classes=2)  # doctest: +SKIP
        >>> found.foreground.describe()  # doctest: +SKIP
    """
    import pandas as pd

    ignore_index, classes = labels.check_options(ignore_index, classes, "classes")
    if hasattr(images, "columns"):
        pairs, problems = _from_frame(images, directory)
        where = f"{count(len(images), 'row')} of the frame"
    else:
        if masks is None:
            raise ValueError("masks is missing: give the folder of masks, or a DataFrame as images")
        pairs, problems = _from_folders(Path(images), Path(masks))
        where = f"pictures in {images} and masks in {masks}"

    with ThreadPoolExecutor() as pool:
        facts = list(pool.map(lambda pair: _facts(*pair[2:], classes, ignore_index, allow_empty), pairs))
    for (path, mask, _, _), fact in zip(pairs, facts):
        if isinstance(fact, list):
            problems += [(path if of_picture else mask, reason) for of_picture, reason in fact]
    if problems:
        files = len({name for name, _ in problems})
        raise TableError(f"{where}: {count(files, 'file')} with something wrong", sorted(problems))
    rows = [(path, mask, *fact) for (path, mask, _, _), fact in zip(pairs, facts)]
    return pd.DataFrame(rows, columns=["path", "mask", "height", "width", "labels", "foreground"])


def _from_frame(frame, directory):
    missing = [name for name in ("path", "mask") if name not in frame.columns]
    if missing:
        raise ValueError(
            f"images has no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(repr, frame.columns)) or 'none'}"
        )
    if not len(frame):
        raise ValueError("images has no row: there is nothing to check")
    pairs, problems, owner = [], [], {}
    for path, mask in zip(frame["path"], frame["mask"]):
        if not isinstance(path, str) or not isinstance(mask, str):
            problems.append((str(path), f"has no mask: the column holds {mask!r}"))
            continue
        if mask in owner:
            problems.append((mask, f"is the mask of {owner[mask]} and of {path}"))
        owner[mask] = path
        pairs.append((path, mask, os.path.join(directory, path), os.path.join(directory, mask)))
    return pairs, problems


def _from_folders(images, masks):
    for name, folder in (("images", images), ("masks", masks)):
        if not folder.is_dir():
            raise FileNotFoundError(
                f"{name} must be a folder or a DataFrame, but there is no folder {folder}"
            )
    pictures, found = _files(images), _files(masks)
    if not pictures:
        raise ValueError(f"images has no picture: {_hint(images)}")
    pairs, problems = [], []
    for stem, names in pictures.items():
        if len(names) > 1:
            problems += [
                (names[0], f"has the name of {other}: one mask cannot be told for both")
                for other in names[1:]
            ]
        if stem not in found:
            problems.append(
                (names[0], f"has no mask: there is no {stem}.png, or with another extension, in {masks}")
            )
            continue
        mask = found[stem][0]
        pairs.append((names[0], str(masks / mask), images / names[0], masks / mask))
    for stem, names in found.items():
        for name in names[1:]:
            problems.append((str(masks / name), f"is a second mask beside {names[0]}"))
        if stem not in pictures:
            problems.append((str(masks / names[0]), f"is the mask of no picture in {images}"))
    return pairs, problems


def _hint(folder):
    """What a folder holds instead of pictures."""
    entries = sorted(entry for entry in os.listdir(folder) if not hidden(entry))
    return f"{folder} holds {', '.join(entries[:5]) or 'nothing'}; pictures end in {' '.join(EXTENSIONS)}"


def _files(folder):
    """Dict from path without extension to the sorted paths, relative to the folder, of pictures below it."""
    found = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.suffix.lower() in EXTENSIONS and not any(map(hidden, inner.parts)) and path.is_file():
            found[inner.with_suffix("").as_posix()].append(inner.as_posix())
    return found


def _facts(picture, mask, classes, ignore_index, allow_empty):
    """(height, width, labels, foreground) of a pair, or a list of (whether of the picture, reason)."""
    problems, size, found = [], None, None
    try:
        size = read_image(picture, channels=1).shape[:2]
    except ImageReadError as error:
        problems.append((True, error.reason))
    except OSError as error:
        problems.append((True, error.strerror or str(error)))
    try:
        found = read_mask(mask)[..., 0]
    except ImageReadError as error:
        problems.append((False, error.reason))
    except OSError as error:
        problems.append((False, f"there is no such mask ({error.strerror or error})"))
    if found is None:
        return problems
    if size is not None and found.shape != size:
        problems.append(
            (
                False,
                f"is {found.shape[1]}×{found.shape[0]} but its picture {size[1]}×{size[0]} (width × height)",
            )
        )
    values = np.unique(found)
    if (reason := labels.beyond(found, ignore_index, classes)) is not None:
        problems.append((False, reason))
    elif classes is None and len(values) > MOST_LABELS:
        problems.append(
            (
                False,
                f"holds {len(values)} different values: grey levels, not labels (resized or saved as JPEG?)",
            )
        )
    inside = (found != 0) if ignore_index is None else (found != 0) & (found != ignore_index)
    if not allow_empty and not inside.any():
        problems.append(
            (
                False,
                "is empty: no pixel belongs to a class (pass allow_empty=True if pictures may show nothing)",
            )
        )
    return problems or (*found.shape, tuple(values.tolist()), float(inside.mean()))
