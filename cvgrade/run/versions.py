"""What decides how a submission runs, besides the submission and its tests."""

import contextlib
import hashlib
import importlib.metadata
import sys
from pathlib import Path


def versions():
    """What decides how a submission runs, on this machine: a dict from name to version."""
    found = {"python": ".".join(map(str, sys.version_info[:3])), "cvgrade": code_hash()}
    for name in (
        "numpy",
        "tensorflow",
        "keras",
        "ipython",
        "matplotlib",
        "pandas",
        "scikit-learn",
        "opencv-python",
    ):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def code_hash():
    """A hash of the code that runs and judges."""
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]
