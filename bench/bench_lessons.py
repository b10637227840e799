"""How long each lesson takes, top to bottom in a fresh kernel, in fast mode on simulated data.

Only some: make bench BENCH=lessons LESSONS="05 09"
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "notebooks"))

import build


def measure():
    os.environ.update(CVLIB_DATA="synthetic", CVLIB_FAST="1")
    entries = {}
    for source in build.sources(os.environ.get("LESSONS", "").split()):
        seconds = build.execute(build.assemble(source), source.stem)
        entries[f"lesson_{source.stem[:2]}"] = {
            "ours": seconds,
            "peer": None,
            "ratio": None,
            "unit": "s",
            "how": f"notebooks/src/{source.name} executed once in fast mode, the kernel's start included",
        }
    return entries
