"""Find copies of a picture: the same bytes, or the same to the eye when scaled, recompressed or mirrored."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from cvlib._opencv import cv2
from cvlib.data.reading import read_image

#: Two pictures whose hashes differ in at most this many of 256 bits count as near duplicates. Between 3,888
#: photographs of faces from the web the distances fall to a valley from 40 to 64 and rise steeply from 68;
#: seen by eye, most pairs up to 64 are one photograph (recoloured, blurred, mirrored, a mask painted on) and
#: few beyond are.
THRESHOLD = 64
#: Distances held at a time: about 100 MB.
BLOCK = 20_000_000


def perceptual_hash(image):
    """256 bits that stay nearly the same when a picture is scaled, recompressed or lightly retouched.

    The picture is shrunk to 64×64 grey; of its discrete cosine transform the 16×16 lowest frequencies are
    kept, and each bit says whether one of them lies above their median. The constant term is left out, so
    brightness and contrast do not matter.

    Args:
        image: uint8 array (H, W, 3) RGB, (H, W, 1) or (H, W).

    Returns:
        uint8 array (32,), the bits packed. Compare two with `distance`.

    Raises:
        ValueError: if the array is not an image.

    Example:
        >>> grey = np.arange(256, dtype="uint8").reshape(16, 16)
        >>> distance(perceptual_hash(grey), perceptual_hash(grey // 2)) <= THRESHOLD
        True

    References:
        Zauner, 2010, Implementation and Benchmarking of Perceptual Image Hash Functions, section 3.2.1; there
        the hash has 64 bits, too few to tell one passport photograph from another.
    """
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"image must be uint8 (H, W, 3) or (H, W), got {image.dtype} {image.shape}")
    if image.ndim == 3:
        image = cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_RGB2GRAY)
    return _hash_grey(image)


def distance(hash_a, hash_b):
    """How many bits of two hashes differ: 0 for the same picture, about 128 for unrelated ones."""
    return int(np.unpackbits(np.bitwise_xor(hash_a, hash_b)).sum())


def find(paths, directory=".", threshold=THRESHOLD, mirrored=True):
    """Every pair of exact or near duplicates among some files.

    Args:
        paths: image files, relative to `directory`.
        directory: where they lie.
        threshold: how many of 256 bits may differ; 0 to 128.
        mirrored: also compare each picture with the mirror image of the others.

    Returns:
        DataFrame with a row a pair: `a`, `b` (paths), `kind` ("exact": same bytes, or "near") and `distance`
        (bits); closest first.

    Raises:
        ValueError: if the threshold is out of range.
        cvlib.data.reading.ImageReadError: if a file is not a readable image.
    """
    import pandas as pd

    paths = [str(path) for path in paths]
    first, second, bits, exact = _pairs(paths, directory, threshold, mirrored)
    return pd.DataFrame(
        {
            "a": [paths[index] for index in first],
            "b": [paths[index] for index in second],
            "kind": np.where(exact, "exact", "near"),
            "distance": bits,
        }
    )


def groups(paths, directory=".", threshold=THRESHOLD, mirrored=True):
    """Number the files so that duplicates of each other, directly or through a third, share a number.

    Args:
        paths: image files, relative to `directory`.
        directory: where they lie.
        threshold: how many of 256 bits may differ; 0 to 128.
        mirrored: also compare each picture with the mirror image of the others.

    Returns:
        int array, one number a path: what `splits.by_group` keeps together.
    """
    paths = [str(path) for path in paths]
    first, second, _, _ = _pairs(paths, directory, threshold, mirrored)
    return connect(len(paths), first, second)


def connect(count, first, second):
    """Number `count` things so that those joined by a pair (first[i], second[i]), or a chain of them, match.

    Returns:
        int array (count,): 0, 1, … in order of first appearance.
    """
    parent = np.arange(count)

    def root(item):
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for a, b in zip(first, second):
        a, b = sorted((root(a), root(b)))
        parent[b] = a
    return np.unique([root(item) for item in range(count)], return_inverse=True)[1]


def _hash_grey(grey):
    small = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:16, :16].ravel()
    low[0] = -np.inf  # the mean brightness says nothing about the picture
    return np.packbits(low > np.median(low[1:]))


def _fingerprint(path):
    """(sha256 of the bytes, hash, hash of the mirror image) of one file."""
    grey = read_image(path, channels=1)[..., 0]
    digest = hashlib.sha256(Path(path).read_bytes()).digest()
    return digest, _hash_grey(grey), _hash_grey(np.ascontiguousarray(grey[:, ::-1]))


def _pairs(paths, directory, threshold, mirrored):
    """Index arrays (first < second), distances, and whether the bytes are equal; closest first."""
    if not 0 <= threshold <= 128:
        raise ValueError(
            f"threshold must be between 0 and 128 of the hash's 256 bits, got {threshold} "
            "(unrelated pictures differ in about 128)"
        )
    if len(paths) < 2:
        return np.empty((3, 0), int)[0], np.empty(0, int), np.empty(0, int), np.empty(0, bool)
    with ThreadPoolExecutor() as pool:
        prints = list(pool.map(_fingerprint, [Path(directory) / path for path in paths]))
    digests = np.unique([digest for digest, _, _ in prints], return_inverse=True)[1]
    straight = _signs([hash_ for _, hash_, _ in prints])
    others = [straight, _signs([flipped for _, _, flipped in prints])] if mirrored else [straight]
    found = []
    rows = max(1, BLOCK // len(paths))
    for start in range(0, len(paths), rows):
        block = straight[start : start + rows]
        bits = np.min([(256 - block @ other.T) / 2 for other in others], axis=0)
        first, second = np.nonzero(bits <= threshold)
        keep = first + start < second
        found.append((first[keep] + start, second[keep], bits[first[keep], second[keep]].astype(int)))
    first, second, bits = (np.concatenate(part) for part in zip(*found))
    exact = digests[first] == digests[second]
    order = np.lexsort((second, first, ~exact, bits))
    return first[order], second[order], bits[order], exact[order]


def _signs(hashes):
    """Hashes as ±1, so that one matrix product counts the differing bits of all pairs."""
    return np.unpackbits(np.array(hashes), axis=1).astype(np.float32) * 2 - 1
