"""The cache: load a dataset from it, fill it, and verify it."""

import contextlib
import errno
import hashlib
import importlib.util
import os
import shutil
import tempfile
import textwrap
from pathlib import Path
from urllib.parse import urlsplit

from cvlib.datasets import boxed, catalogue, download, errors, pairs, stamp
from cvlib.datasets.checksum import wrong
from cvlib.datasets.dataset import SPLITS, Dataset
from cvlib.datasets.lock import lock
from cvlib.runtime import home as cache_home

SOURCES = ("auto", "real", "synthetic")
#: Room that must be left before a simulated twin is made.
TWIN_BYTES = 50_000_000


def load(name, source="auto", split=None):
    """A dataset, ready on disk: fetched or simulated at the first call, from the cache at every later one.

    Args:
        name: one of `cvlib.datasets.names()`.
        source: "real" (from the mirror `CVLIB_MIRROR` if set, else from the source on the web; fails if
            neither can be had), "synthetic" (the simulated twin; never touches the network), or "auto":
            what `CVLIB_DATA` says, by default real pictures, or the twin with a sentence that says so if
            they cannot be had. A dataset that is always drawn comes as "synthetic", whatever `CVLIB_DATA`
            says.
        split: "train", "validation" or "test" for that split alone.

    Returns:
        A `Dataset`.

    Raises:
        ValueError: if the name, source or split is unknown, or there are no real pictures, or no twin.
        cvlib.datasets.errors.DownloadError: with source "real", if the pictures cannot be fetched, or are
            not those of the manifest.
        cvlib.datasets.errors.CacheError: if the disk is full or cannot be written.

    Example:
        >>> dataset = load("face_mask", source="synthetic")
        >>> dataset.class_names
        ('with_mask', 'without_mask')
    """
    return load_card(catalogue.read(name), source, split)


def load_card(card, source="auto", split=None, pause=1.0):
    """`load` for a card at hand; `pause` is the wait in seconds before the second try of a transfer."""
    if split is not None and split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(map(repr, SPLITS))} or None, got {split!r}")
    source = _chosen(source, card)
    if source == "synthetic":
        dataset = _synthetic(card)
    elif source == "real":
        try:
            dataset = _real(card, True, pause)
        except errors.UnreachableError as error:
            twin = ', or take the simulated twin with source="synthetic"' if card.simulator else ""
            raise errors.UnreachableError(
                f"{card.title}: {error}. Check the connection and run this again (it goes on where it "
                f"stopped){twin}"
            ) from error
    else:
        try:
            dataset = _real(card, card.simulator is None, pause)
        except errors.DownloadError as error:
            if card.simulator is None:
                raise
            print(
                f"{card.title}: the real pictures could not be had ({_short(error)}). Simulated ones stand "
                "in for them; every later line stays the same.",
                flush=True,
            )
            dataset = _synthetic(card)
    return dataset if split is None else dataset.split(split)


def verify(name):
    """Read every cached file of a dataset and compare it with its checksum.

    Args:
        name: one of `cvlib.datasets.names()`.

    Returns:
        List of sentences, one a file that is wrong, missing or does not belong; empty if all is well.

    Raises:
        ValueError: if the name is unknown.
        FileNotFoundError: if nothing of the dataset is in the cache.
    """
    return verify_card(catalogue.read(name))


def verify_card(card):
    """`verify` for a card at hand."""
    faults, found = [], False
    for source in ("real", "synthetic"):
        folder = _home() / card.name / source
        if not folder.is_dir():
            continue
        found = True
        listed = stamp.read(folder)
        published = {file.place: file for file in card.files if file.is_picture}
        if source == "real" and card.task != "segmentation":
            expected = {file.place: file for file in card.files}
        elif listed is None:
            faults.append(f"{folder}: its list of files ({stamp.NAME}) is missing; load it again")
            continue
        else:  # masks and simulated pictures were made here
            expected = {**stamp.files(listed), **(published if source == "real" else {})}
        for place, file in expected.items():
            if (reason := wrong(folder / place, file)) is not None:
                faults.append(f"{folder / place}: {reason}")
        faults += [
            f"{folder / place}: it does not belong here"
            for place in stamp.scan(folder).keys() - expected.keys()
        ]
    if not found:
        raise FileNotFoundError(
            f"nothing of {card.name} is in the cache {_home()}: "
            f'cvlib.datasets.load("{card.name}") puts it there'
        )
    return faults


def describe(name):
    """A dataset in a few lines of text: title, classes, size, licence, source, and what is in the cache."""
    card = catalogue.read(name)
    pictures = [file.split for file in card.files if file.is_picture]
    counts = [f"{split} {pictures.count(split):,}" for split in SPLITS]
    size = f"{len(pictures):,} ({', '.join(counts)}), {sum(file.bytes for file in card.files) / 1e6:,.0f} MB"
    cached = [source for source in ("real", "synthetic") if stamp.read(_home() / name / source)]
    return "\n".join(
        [
            f"{card.name}: {card.title} ({card.task})",
            textwrap.fill(card.about, 100, initial_indent="  ", subsequent_indent="  "),
            f"  classes    {', '.join(card.classes)}",
            f"  images     {size if pictures else 'drawn at the first call'}",
            f"  licence    {card.licence}",
            f"  cite       {card.citation}",
            f"  source     {card.url or 'simulated'}",
            f"  in cache   {' and '.join(cached) or 'nothing yet'}",
        ]
    )


def _home():
    """The cache, by a path that stays right when a notebook changes its working directory."""
    return cache_home().absolute()


def _chosen(source, card):
    if source not in SOURCES:
        raise ValueError(f"source must be one of {', '.join(map(repr, SOURCES))}, got {source!r}")
    wish = os.environ.get("CVLIB_DATA", "").strip().lower()
    if wish and wish not in SOURCES:
        raise ValueError(f"the environment variable CVLIB_DATA must be real or synthetic, got {wish!r}")
    if card.files:
        return wish or "auto" if source == "auto" else source
    if source == "real":
        raise ValueError(f'{card.name} is drawn: there are no real pictures of it; leave out source="real"')
    return "synthetic"


def _base(card):
    """Below which folder or address the real files lie: in the mirror if one is set, else at the source."""
    mirror = os.environ.get("CVLIB_MIRROR", "").strip()
    if not mirror:
        return card.url
    folder = download.local_folder(mirror)
    if folder is None:
        return f"{mirror.rstrip('/')}/{card.mirror}"
    if not (folder / card.mirror).is_dir():
        lack = f"which has no folder {card.mirror}" if folder.is_dir() else "which is not a folder"
        raise errors.UnreachableError(
            f"CVLIB_MIRROR is {mirror}, {lack}: correct it, or unset it to fetch from "
            f"{urlsplit(card.url).netloc}"
        )
    return folder / card.mirror


def _real(card, patient, pause):
    folder = _home() / card.name / "real"
    paired = card.task == "segmentation"
    expected = None if paired else {file.place: file for file in card.files}
    if not stamp.intact(folder, card.key, expected):
        base = _base(card)
        with _writer(card.name, "real", card.title) as unfinished:
            if not stamp.intact(folder, card.key, expected):  # another process may have been quicker
                staging = unfinished / "real"
                _keep_good(folder, staging, card.files)
                try:
                    download.fetch(card.files, base, staging, card.title, patient, pause)
                finally:
                    _drop_empty(staging)
                with errors.writing(folder, card.title):
                    if paired:
                        pairs.assemble(card, staging)
                        keep = [file.place for file in card.files if file.is_picture]
                        keep += [pairs.mask_place(place) for place in keep]
                        expected = {
                            place: file for place, file in stamp.hashed(staging).items() if place in keep
                        }
                    _publish(staging, folder, card.key, expected)
    return _dataset(card, folder, "real", list(expected or stamp.read(folder)["files"]))


def _synthetic(card):
    if card.simulator is None:
        raise ValueError(f'{card.name} has no simulated twin: load it with source="real"')
    folder = _home() / card.name / "synthetic"
    key = _code_key(card.simulator)
    if not stamp.intact(folder, key):
        with _writer(card.name, "synthetic", card.title) as unfinished:
            if not stamp.intact(folder, key):
                scratch = Path(tempfile.mkdtemp(prefix="synthetic-", dir=unfinished))
                staging = scratch / "new"  # the scratch folder itself is closed to other users
                try:
                    with errors.writing(staging, card.title, TWIN_BYTES):
                        if shutil.disk_usage(scratch).free < TWIN_BYTES:
                            raise OSError(errno.ENOSPC, "not enough space")
                        staging.mkdir()
                        importlib.import_module(card.simulator).make(staging, seed=0)
                        _check_layout(card, staging)
                        _publish(staging, folder, key, stamp.hashed(staging))
                finally:
                    shutil.rmtree(scratch, ignore_errors=True)
    return _dataset(card, folder, "synthetic", list(stamp.read(folder)["files"]))


def _dataset(card, folder, source, places):
    return Dataset(
        name=card.name,
        title=card.title,
        task=card.task,
        directory=folder,
        frame=_frame(card, folder, source, places),
        class_names=card.classes,
        source=source,
        licence=card.licence if source == "real" else "CC BY 4.0 (drawn by the course's own code)",
        citation=card.citation if source == "real" else "cvlib-course, simulated data",
    )


def _frame(card, folder, source, places):
    import pandas as pd

    if card.task == "segmentation":
        return pairs.frame(card, places, source)
    if card.task == "detection":
        return boxed.frame(folder, places, card.classes)

    order = {split: rank for rank, split in enumerate(SPLITS)}
    rows = sorted((order[place.split("/")[0]], place) for place in places)
    return pd.DataFrame(
        [(place, place.split("/")[1], SPLITS[rank]) for rank, place in rows],
        columns=["path", "label", "split"],
    )


@contextlib.contextmanager
def _writer(name, source, title):
    """Be the only process that fills this part of the cache; yields the folder for what is not finished."""
    unfinished = _home() / "unfinished" / name
    held = unfinished / f"{source}.lock"
    with errors.writing(_home(), title):
        unfinished.mkdir(parents=True, exist_ok=True)
        held.touch()
    with lock(held, f"{title}: another process is getting it; waiting."):
        for left in unfinished.glob(f"{source}-*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield unfinished


def _keep_good(folder, staging, files):
    """Take over what is right in an older or damaged copy, so that only the rest is fetched."""
    if not folder.is_dir():
        return
    for file in files:
        target = staging / file.place
        if not target.exists() and wrong(folder / file.place, file) is None:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / file.place, target)


def _drop_empty(folder):
    """Leave no folders behind where nothing was fetched."""
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # it holds something
            os.rmdir(path)


def _publish(staging, folder, key, expected):
    """Stamp a complete folder and move it into the cache in one step."""
    for place in stamp.scan(staging).keys() - expected.keys():  # a .part, or a file of an older manifest
        (staging / place).unlink()
    stamp.write(staging, key, expected)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=staging.parent))
        os.replace(folder, old / "old")
        os.replace(staging, folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(staging, folder)


def _check_layout(card, folder):
    """A simulator that forgets a class would give a lesson that trains on nothing."""
    if card.task == "segmentation":
        pairs.check_layout(card, folder)
        return
    if card.task == "detection":
        boxed.check_layout(card, folder)
        return
    for split in SPLITS:
        for label in card.classes:
            if not any((folder / split / label).glob("*")):
                raise RuntimeError(f"the simulator {card.simulator} made no {label} image for {split}")


def _code_key(module):
    """Changes when the simulators' code does, so that a cached twin is made anew."""
    digest = hashlib.sha256()
    for path in sorted(Path(importlib.util.find_spec(module).origin).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _short(error):
    """The first line of an error, or for several bad files the first of them."""
    lines = str(error).split("\n")
    more = f" and {len(lines) - 2} more" if len(lines) > 2 else ""
    return " ".join(line.strip() for line in lines[:2]) + more
