"""Measure everything, or what is named, and write bench/results.json.

    python bench/run.py              every measurement
    python bench/run.py idg gradcam  only bench_idg.py and bench_gradcam.py

Each bench_<name>.py has `measure()`, which returns `{key: entry}`; an entry has `ours`, `peer`, `ratio`,
`unit` and `how`. This adds where and when it was measured. Ours and the peer take turns in one run:
only ratios mean something on another machine.
"""

import argparse
import datetime
import importlib.util
import json
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python", "scikit-learn")


def surroundings():
    """Where and when: core count, Python and package versions, date."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cores": cores, "versions": versions, "date": datetime.date.today().isoformat()}


def load(path):
    """Import a bench file by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def line(key, entry):
    """One line for the terminal."""
    text = f"  {key:28s} {entry['ours']:>10.4g} {entry.get('unit', '')}"
    if entry.get("peer") is not None:
        text += f"   peer {entry['peer']:.4g}   ratio {entry['ratio']:.3g}"
    return text


def main(arguments=None):
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of: {', '.join(known)}")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"no measurement named {', '.join(unknown)}; there are {', '.join(known)}")
    sys.path.insert(0, str(HERE))
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    names = options.names or known
    for number, name in enumerate(names, 1):
        print(f"{number} of {len(names)}  {name}", flush=True)
        begun = time.perf_counter()
        for key, entry in load(HERE / f"bench_{name}.py").measure().items():
            results[key] = {"data": "simulated", **entry, **surroundings()}
            print(line(key, results[key]), flush=True)
        RESULTS.write_text(
            json.dumps(dict(sorted(results.items())), indent=2, ensure_ascii=False) + "\n", "utf-8"
        )
        print(f"  ({time.perf_counter() - begun:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
