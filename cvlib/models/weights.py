"""ImageNet weights: from Keras's cache, from the mirror, or from the network, and what to do without.

Keras downloads without a timeout, so the address is tried first, for a few seconds.
"""

import hashlib
import os
import shutil
import socket
import tempfile
import threading
import urllib.request
from pathlib import Path

ADDRESS = "https://storage.googleapis.com/"
SECONDS = 4.0

#: Keras gives no checksum for MobileNetV2, so the course keeps the one of the file that it uses most.
SHA256 = {
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5": (
        "d43c70f8ea04b1087170401b2f4739f41b94200e30892ea8d050ac65779146c6"
    ),
}


class WeightsUnavailableError(RuntimeError):
    """Pretrained weights were asked for and cannot be had."""


def resolve(weights, name, file, source):
    """Find the file with a network's ImageNet weights, or say that it must do without.

    Args:
        weights: "imagenet" (an error where they cannot be had), "auto" (a printed sentence instead), or None.
        name: of the network, for messages.
        file: of the weights, by its official name.
        source: its path under `ADDRESS`.

    Returns:
        Path of the file in Keras's cache; None for random weights.

    Raises:
        ValueError: if `weights` is none of the three.
        WeightsUnavailableError: if `weights="imagenet"` and they cannot be had.
    """
    if weights is None:
        return None
    if weights not in ("imagenet", "auto"):
        raise ValueError(
            'weights must be "imagenet", "auto" (ImageNet where it can be had) or None (random), '
            f"got {weights!r}"
        )
    try:
        return provide(file, source)
    except WeightsUnavailableError as error:
        if weights == "imagenet":
            raise WeightsUnavailableError(
                f"The ImageNet weights of {name} cannot be had: {error} Connect to the network, point "
                f"CVLIB_MIRROR to a copy that has keras-weights/{file}, or start from random weights with "
                'weights=None (weights="auto" does so by itself).'
            ) from error
        print(f"The ImageNet weights of {name} are out of reach: it starts from random weights.")
        return None


def provide(file, source):
    """See that a file is in Keras's cache: there already, copied from the mirror, or downloaded.

    Args:
        file: its official name.
        source: its path under `ADDRESS`.

    Returns:
        Its path.

    Raises:
        WeightsUnavailableError: if it is neither there, nor in the mirror, nor within reach.
    """
    import keras

    path = cache() / file
    if path.is_file():
        if _is_right(path, file):
            return path
        path.unlink()  # half a download of another program, or damage
    mirror = os.environ.get("CVLIB_MIRROR", "").strip()
    if mirror and _copy(mirror, file, path):
        return path
    address = ADDRESS + source
    if not reachable(address):
        raise WeightsUnavailableError(f"{file} is not in {path.parent}, and {ADDRESS} does not answer.")
    path.parent.mkdir(parents=True, exist_ok=True)  # or Keras would put it elsewhere
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(30)  # a connection that falls silent ends, which Keras leaves open for ever
    try:
        keras.utils.get_file(file, address, cache_dir=str(path.parent.parent), cache_subdir=path.parent.name)
    except Exception as error:  # Keras raises a bare Exception
        raise WeightsUnavailableError(f"downloading {address} failed ({error}).") from error
    finally:
        socket.setdefaulttimeout(timeout)
    if not _is_right(path, file):
        path.unlink()
        raise WeightsUnavailableError(f"{address} did not send the file that the course was tested with.")
    return path


def cache():
    """The folder where Keras keeps downloaded weights."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    if home.exists() and not os.access(home, os.W_OK):  # as keras.utils.get_file does
        home = Path(tempfile.gettempdir()) / ".keras"
    return home / "models"


def reachable(address, seconds=SECONDS):
    """Whether an address answers within some seconds; looking up its name counts too.

    Args:
        address: URL.
        seconds: to wait.

    Returns:
        True or False.
    """
    answered = []

    def ask():
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=seconds):
                answered.append(True)
        except (OSError, ValueError):
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return bool(answered)


def _copy(mirror, file, target):
    """Copy a weights file from the mirror, checked before it takes its name. True where that worked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{file}.{os.getpid()}.part")
    try:
        if "://" in mirror:
            address = f"{mirror.rstrip('/')}/keras-weights/{file}"
            with urllib.request.urlopen(address, timeout=30) as source, part.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        else:
            shutil.copyfile(Path(mirror).expanduser() / "keras-weights" / file, part)
        if not _is_right(part, file):
            print(
                f"Refused keras-weights/{file} of the mirror: it is damaged, or not the file that the course "
                "was tested with."
            )
            return False
        part.replace(target)
        return True
    except (OSError, ValueError):
        return False
    finally:
        part.unlink(missing_ok=True)


def _is_right(path, file):
    """Whether a file has the checksum that is known for it, or at least begins as its format does."""
    if file in SHA256:
        return hashlib.sha256(path.read_bytes()).hexdigest() == SHA256[file]
    with path.open("rb") as opened:
        start = opened.read(8)
    return start == b"\x89HDF\r\n\x1a\n" if file.endswith(".h5") else bool(start.strip())
