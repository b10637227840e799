"""What an instructor publishes: lessons, released assignments and the course's package, and no answer."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from functools import partial
from pathlib import Path

from cvgrade import build, course
from cvgrade.leaks import read_secrets, search
from cvgrade.student_readme import MADE, readme

FOLDER = "student"
EPOCH = "315532800"  # 1980: archives of the same files are the same bytes
SKIPPED = ("__pycache__", ".ipynb_checkpoints", "*.pyc", ".DS_Store", ".nbgrader.log")
KEPT = ("LICENSE", "requirements.txt", "CITATION.cff")
PLACEHOLDER = "https://github.com/OWNER/REPO"
EPILOG = """\
Publish the folder, or the ZIP, as it is: as a repository of its own (pass its name with --repo, so that the
badges and install cells point there), on the LMS, or by mail. Nothing in the course folder is changed.

exit codes: 0 it was made and searched, and holds no answer; 1 it was not made, and the message says why
"""


class BundleError(RuntimeError):
    """Nothing was published; the message says why."""


def student_bundle(folder, out, repository=None, report=print):
    """Make `out/student/` and `out/student.zip`.

    Args:
        folder: the course folder, with `src/`; lessons, package and licence lie beside it.
        out: folder to write in.
        repository: "owner/name" on GitHub where the bundle will be; by default as pyproject.toml says.
        report: called with lines of text.

    Returns:
        The paths of the folder and of the ZIP.

    Raises:
        BundleError: if a part cannot be made, or an answer was found in it; then nothing is left of it.
    """
    folder, out = Path(folder).resolve(), Path(out)
    root, names = folder.parent, build.names(folder)
    if not names:
        raise BundleError(f"{folder} has no assignment (src/NAME/notebook.py): pass --course")
    target = out / FOLDER
    if target.exists() and not _ours(target):
        raise BundleError(f"{target} holds something else than an earlier bundle: pass another --out")
    old = _address(root)
    new = f"https://github.com/{repository}" if repository else old
    if new == PLACEHOLDER:
        report("The badges point at OWNER/REPO: pass --repo owner/name, where you will publish this")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=out) as work:
        made = Path(work) / FOLDER
        made.mkdir()
        titles = _assignments(folder, names, Path(work) / "course", made, report)
        lessons = _lessons(root / "notebooks", made)
        report(f"{len(lessons)} lessons")
        for name in KEPT:
            if (root / name).is_file():
                shutil.copyfile(root / name, made / name)
        needs = [name for name in ("requirements.txt",) if (made / name).is_file()]
        about = partial(readme, _project(root), lessons, titles, new, needs=needs)
        about = partial(about, licence=(made / "LICENSE").is_file())
        wheel = _wheel(root, Path(work) / "package", made, about(), old, new)
        if wheel:
            report(f"The package {wheel}")
        _point(made, old, new, wheel)
        (made / "README.md").write_text(about(wheel=wheel), encoding="utf-8")
        zipped = Path(work) / f"{FOLDER}.zip"
        _zip(made, zipped)
        report("Searching every file, unpacked, for solutions, hidden tests and answers")
        secrets = read_secrets(folder)
        leaks = search(made, secrets) + search(zipped, secrets)
        if leaks:
            more = f" (and {len(leaks) - 5} more)" if len(leaks) > 5 else ""
            raise BundleError(f"nothing was published: {'; '.join(leaks[:5])}{more}")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(made, target)
        os.replace(zipped, out / f"{FOLDER}.zip")
    return target, out / f"{FOLDER}.zip"


def _assignments(folder, names, work, made, report):
    """Release every assignment in a copy of the course; dict from name to title."""
    shutil.copytree(folder / "src", work / "src", ignore=shutil.ignore_patterns(*SKIPPED))
    if (folder / "source").is_dir():
        shutil.copytree(folder / "source", work / "source", ignore=shutil.ignore_patterns(*SKIPPED))
    if (folder / course.CONFIG).exists():
        shutil.copyfile(folder / course.CONFIG, work / course.CONFIG)
    titles = {}
    for name in names:
        build.build(work, name)
        released = course.release(work, name)
        place = made / "assignments" / name
        shutil.copytree(released, place, ignore=shutil.ignore_patterns(*SKIPPED))
        titles[name] = _title(place / f"{name}.ipynb") or name
        report(f"Released {name}")
    return titles


def _lessons(folder, made):
    """Copy the built lessons and their pictures; dict from file name to title."""
    titles = {}
    for path in sorted(folder.glob("*.ipynb")):
        (made / "notebooks").mkdir(exist_ok=True)
        shutil.copyfile(path, made / "notebooks" / path.name)
        titles[path.name] = _title(path) or path.stem
    for path in sorted(folder.glob("images/*")):
        if path.suffix in (".png", ".jpg", ".jpeg", ".svg"):
            (made / "notebooks" / "images").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, made / "notebooks" / "images" / path.name)
    return titles


def _wheel(root, work, made, about, old, new):
    """Build the package as a wheel, without the grader; its file name, or "" where there is no package."""
    pyproject = root / "pyproject.toml"
    if not pyproject.is_file():
        return ""
    text = pyproject.read_text("utf-8")
    work.mkdir()
    for pattern in ["LICENSE", *_package(text)]:
        for path in root.glob(pattern):
            if path.is_dir():
                shutil.copytree(path, work / path.name, ignore=shutil.ignore_patterns(*SKIPPED, "*.egg-info"))
            else:
                shutil.copyfile(path, work / path.name)
    text = without_grader(text).replace(old, new) if old else without_grader(text)
    (work / "pyproject.toml").write_text(text, encoding="utf-8")
    (work / "README.md").write_text(about, encoding="utf-8")
    line = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*line, "--wheel-dir", str(made), str(work)],
        capture_output=True,
        text=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    wheels = sorted(made.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise BundleError(f"the package cannot be built (it needs pip, setuptools and wheel): {said}")
    with zipfile.ZipFile(wheels[0]) as archive:
        grader = [name for name in archive.namelist() if name.startswith("cvgrade/")]
    if grader:
        raise BundleError(
            f"the package holds the grader ({grader[0]}): see [tool.setuptools] in pyproject.toml"
        )
    return wheels[0].name


def without_grader(text):
    """A pyproject.toml of the same distribution without the grader and what only it needs.

    Args:
        text: of the file.
    """
    text = re.sub(r"^include = \[.*\]$", _without_pattern, text, count=1, flags=re.M)
    text = re.sub(r'^cvgrade\s*=\s*".*"\n', "", text, flags=re.M)
    text = re.sub(r'^"cvgrade[\w.]*"\s*=.*\n', "", text, flags=re.M)
    return re.sub(r"^\[project\.optional-dependencies\]\n.*?(?=^\[)", "", text, flags=re.M | re.S)


def _without_pattern(found):
    kept = [part for part in re.findall(r'"([^"]+)"', found[0]) if not part.startswith("cvgrade")]
    return f"include = {json.dumps(kept)}"


def _package(pyproject):
    """Names of the folders beside a pyproject.toml that its package is made of."""
    tools = _toml().loads(pyproject).get("tool", {}).get("setuptools", {})
    patterns = [one for one in tools.get("packages", {}).get("find", {}).get("include", []) if one != "*"]
    folders = [Path(one).parts[0] for one in tools.get("package-dir", {}).values() if one]
    return [*(one for one in patterns if not one.startswith("cvgrade")), *folders]


def _toml():
    try:
        import tomllib
    except ImportError:  # Python 3.10
        import tomli as tomllib
    return tomllib


def _point(made, old, new, wheel):
    """Point badges and install cells of the copies at where they will be."""
    for path in [*sorted(made.rglob("*.ipynb")), *made.glob("*.cff")]:
        text = path.read_text(encoding="utf-8")
        if wheel and old:
            text = text.replace(f"git+{old}", f"{new}/raw/main/{wheel}")
        if old and new != old:
            before, after = old.removeprefix("https://"), new.removeprefix("https://")
            text = re.sub(rf"{re.escape(before)}(?![\w.-])", after, text)
            before, after = (one.removeprefix("github.com/") for one in (before, after))
            text = re.sub(rf"github/{re.escape(before)}(?![\w.-])", f"github/{after}", text)
        path.write_text(text, encoding="utf-8")


def _zip(folder, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                inside = f"{FOLDER}/{file.relative_to(folder).as_posix()}"
                one = zipfile.ZipInfo(inside, (1980, 1, 1, 0, 0, 0))
                one.compress_type, one.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(one, file.read_bytes())


def _ours(target):
    about = target / "README.md"
    return not any(target.iterdir()) or (about.is_file() and MADE in about.read_text("utf-8", "replace"))


def _title(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        found = re.match(r"#\s+(.+)", "".join(cell["source"])) if cell["cell_type"] == "markdown" else None
        if found:
            return found[1].strip()
    return ""


def _address(root):
    path = root / "pyproject.toml"
    text = path.read_text("utf-8") if path.is_file() else ""
    found = re.search(r'^Repository\s*=\s*"([^"]+)"', text, re.M)
    return found[1].rstrip("/") if found else ""


def _project(root):
    """The course's title, as its README has it."""
    path = root / "README.md"
    found = re.match(r"#\s+(.+)", path.read_text("utf-8")) if path.is_file() else None
    return found[1].strip() if found else "Course"


def add_arguments(parser):
    """Add the arguments of `cvgrade student-bundle` to a parser.

    Args:
        parser: an `argparse.ArgumentParser`; `--course` is there already.
    """
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, default=Path("dist"), help="folder to write in (%(default)s)")
    parser.add_argument("--repo", metavar="OWNER/NAME", help="on GitHub, where it will be published")


def run(options):
    """Make the bundle, say where it is, and return the exit code."""
    if options.repo and not re.fullmatch(r"[\w.-]+/[\w.-]+", options.repo):
        print(f"cvgrade: --repo must be OWNER/NAME, got {options.repo!r}", file=sys.stderr)
        return 2
    say = lambda line: print(line, flush=True)  # noqa: E731
    try:
        target, zipped = student_bundle(options.course, options.out, options.repo, say)
    except (BundleError, build.AssignmentError, course.GradingError, OSError, ValueError) as error:
        print(f"cvgrade: {error}", file=sys.stderr)
        return 1
    count = sum(path.is_file() for path in target.rglob("*"))
    print(f"{target} ({count} files) and {zipped}: no solution, hidden test or answer in them")
    return 0
