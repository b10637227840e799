"""The `cvlib` command: `cvlib doctor` says what is missing; `cvlib data` gets and checks datasets."""

import argparse
import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

# The oldest and newest releases that the tests ran with; pyproject.toml and constraints.txt agree.
TESTED = {"tensorflow": ("2.18", "2.21"), "keras": ("3.8", "3.15")}
NEEDED = ("numpy", "matplotlib", "scikit-learn", "pandas", "openpyxl")
DISK_GB = 2


def main(arguments=None):
    """The command line.

    Args:
        arguments: list of strings; by default the process's own.

    Returns:
        The exit code: 0; 1 if something stops the course (`doctor`) or a dataset could not be had (`data`).
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("\nInterrupted; running it again goes on from here.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(prog="cvlib", description="The computer-vision course's helper.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    doctor = commands.add_parser(
        "doctor",
        help="look whether everything is in place",
        description="Look whether everything is in place.",
    )
    doctor.set_defaults(run=lambda options: run_doctor())
    data = commands.add_parser(
        "data", help="list, get and verify datasets", description="Datasets of the course."
    )
    actions = data.add_subparsers(title="actions", metavar="ACTION", required=True)
    actions.add_parser("list", help="what there is").set_defaults(run=lambda options: list_data())
    get = actions.add_parser("get", help="download a dataset, or simulate it where it cannot be had")
    get.add_argument("name")
    get.add_argument(
        "--source",
        choices=("auto", "real", "synthetic"),
        default="auto",
        help="real: download or fail; synthetic: simulate; auto: the first that works (the default)",
    )
    get.set_defaults(run=lambda options: get_data(options.name, options.source))
    verify = actions.add_parser("verify", help="compare every cached file with its checksum")
    verify.add_argument("name")
    verify.set_defaults(run=lambda options: verify_data(options.name))
    return parser


def run_doctor():
    """Print a line a finding; return 1 if one of them stops the course.

    `[ok]` is fine, `[fix]` says what to do, `[note]` is worth knowing and stops nothing.
    """
    stops = False
    for check in (_python, _frameworks, _gpu, _opencv, _packages, _disk, _cache, _mirror):
        for mark, text, fatal in check():
            print(f"{mark:6s} {text}")
            stops = stops or fatal
    print(
        "\nSomething above stops the course: mend each [fix] and run cvlib doctor again."
        if stops
        else "\nReady."
    )
    return 1 if stops else 0


def _ok(text):
    return "[ok]", text, False


def _note(text):
    return "[note]", text, False


def _fix(text, fatal=True):
    return "[fix]", text, fatal


def _python():
    here = platform.python_version()
    if (3, 10) <= sys.version_info[:2] <= (3, 13):
        yield _ok(f"Python {here}")
    else:
        yield _fix(f"Python {here}: the course needs 3.10 to 3.13, because TensorFlow does")


def _release(text):
    numbers = []
    for part in text.split(".")[:2]:
        numbers.append(int("".join(c for c in part if c.isdigit()) or 0))
    return tuple(numbers)


def _frameworks():
    for package, (oldest, newest) in TESTED.items():
        try:
            here = version(package)
        except PackageNotFoundError:
            yield _fix(f"{package} is not installed: pip install '{package}>={oldest}'")
            continue
        if _release(here) < _release(oldest):
            yield _fix(f"{package} {here} is too old: pip install -U '{package}>={oldest}'")
        elif _release(here) > _release(newest):
            yield _note(
                f"{package} {here} is newer than what was tested ({oldest} to {newest}); it probably works"
            )
        else:
            yield _ok(f"{package} {here} (tested: {oldest} to {newest})")


def _gpu():
    from cvlib.runtime import quiet_stderr

    try:
        with quiet_stderr():
            import tensorflow as tf

            devices = tf.config.list_physical_devices("GPU")
            names = [
                tf.config.experimental.get_device_details(device).get("device_name") for device in devices
            ]
    except ImportError as error:
        yield _fix(f"TensorFlow does not load: {error}")
        return
    if names:
        yield _ok(f"GPU: {', '.join(name or 'unnamed' for name in names)}; lessons run at full size")
    else:
        yield _ok("no GPU seen: lessons run in fast mode (small images, few epochs) on the CPU")
        if shutil.which("nvidia-smi"):
            yield _note("nvidia-smi is here, but TensorFlow sees no GPU: pip install 'tensorflow[and-cuda]'")
        elif "COLAB_RELEASE_TAG" in os.environ:
            yield _note("on Colab: Runtime → Change runtime type → T4 GPU")


def _opencv():
    try:
        from cvlib._opencv import cv2
    except ImportError as error:
        yield _fix(str(error))
    else:
        yield _ok(f"OpenCV {cv2.__version__}")


def _packages():
    missing = []
    for package in NEEDED:
        try:
            version(package)
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        yield _fix(f"not installed: pip install {' '.join(missing)}")
    else:
        yield _ok(", ".join(f"{package} {version(package)}" for package in NEEDED))


def _existing(folder):
    while not folder.exists():
        folder = folder.parent
    return folder


def _disk():
    from cvlib.runtime import home

    free = shutil.disk_usage(_existing(home())).free / 1e9
    if free < DISK_GB:
        yield _fix(
            f"{free:.1f} GB free where {home()} lies, {DISK_GB} are needed: make room, or set CVLIB_HOME",
            fatal=free < DISK_GB / 10,
        )
    else:
        yield _ok(f"disk: {free:.0f} GB free")


def _cache():
    from cvlib.runtime import home

    folder = home()
    if not os.access(_existing(folder), os.W_OK):
        yield _fix(f"the cache {folder} cannot be written: set CVLIB_HOME to a folder of yours")
    elif folder.exists():
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        yield _ok(f"cache: {folder} ({size / 1e6:.0f} MB)")
    else:
        yield _ok(f"cache: {folder} (empty so far)")


def _mirror():
    mirror = os.environ.get("CVLIB_MIRROR", "").strip()
    if not mirror:
        yield _ok("mirror: none set; datasets come from their source")
    elif "://" in mirror or os.path.isdir(mirror):
        yield _ok(f"mirror: {mirror}")
    else:
        yield _fix(f"CVLIB_MIRROR is {mirror}, which is not a folder: correct it, or unset it", fatal=False)


def list_data():
    """Print each dataset's name, task, size and licence."""
    from cvlib import datasets

    for name in datasets.names():
        print(datasets.describe(name))
    return 0


def get_data(name, source):
    """Load a dataset into the cache and say where it lies."""
    from cvlib import datasets

    try:
        dataset = datasets.load(name, source=source)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    counts = dataset.frame["split"].value_counts()
    shares = ", ".join(f"{counts.get(split, 0)} {split}" for split in ("train", "validation", "test"))
    kind = "real" if dataset.source == "real" else "simulated"
    print(f"{dataset.title}: {len(dataset.frame)} {kind} images ({shares}) in {dataset.directory}")
    return 0


def verify_data(name):
    """Compare a dataset's cached files with their checksums."""
    from cvlib import datasets

    try:
        faults = datasets.verify(name)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for fault in faults:
        print(f"[fix]  {fault}")
    if not faults:
        print(f"[ok]   every file of {name} is as it was published")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
