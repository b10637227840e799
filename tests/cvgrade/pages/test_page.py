"""The style and the frame of every page."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cvgrade.pages import page

STYLE = (Path(page.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
SOFT = ("good", "part", "bad", "wait")
PAIRS = [("text", "page"), ("text", "card"), ("faint", "page"), ("faint", "card"), ("link", "page")]
PAIRS += [(tone, f"{tone}-soft") for tone in SOFT] + [("text", f"{tone}-soft") for tone in SOFT]
PAIRS += [("faint", f"{tone}-soft") for tone in SOFT] + [(tone, "page") for tone in SOFT]
PAIRS += [(name, "card") for name in ("ck", "cs", "cn", "cc", "cf", "cb")]


def colours(text):
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", text))


def light(colour):
    """WCAG 2.2: relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    parts = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("above", "below"), PAIRS)
def test_every_text_has_the_contrast_that_wcag_asks_for(above, below, dark):
    day, _, night = STYLE.partition("@media (prefers-color-scheme: dark)")
    found = {**colours(day), **(colours(night) if dark else {})}
    one, other = sorted((light(found[above]), light(found[below])))
    assert (other + 0.05) / (one + 0.05) >= 4.5


def test_the_style_loads_nothing_and_closes_nothing():
    assert not re.search(r"url\(|@import|</|<!--", STYLE)
    assert STYLE.count("{") == STYLE.count("}")


def test_every_class_in_the_templates_has_a_style_or_is_a_kind_of_cell():
    used = set()
    for path in (Path(page.__file__).parent / "templates").glob("*.html"):
        for names in re.findall(r'class="([^"{]*)', path.read_text(encoding="utf-8")):
            used |= set(names.split())
    styled = set(re.findall(r"\.([a-zA-Z][\w-]*)", STYLE))
    assert used - styled <= {"cell", "outputs"}


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "a" / "x.html"
    page.write(target, "one")
    page.write(target, "two")
    assert target.read_text() == "two"
    with pytest.raises(UnicodeEncodeError):
        page.write(target, "\ud800")
    assert target.read_text() == "two"
    assert [path.name for path in target.parent.iterdir()] == ["x.html"]


@pytest.mark.slow
def test_the_installed_package_has_the_templates_and_the_style(tmp_path):
    root = Path(__file__).resolve().parents[3]
    for name in ("cvgrade", "cvlib", "datasets"):
        shutil.copytree(root / name, tmp_path / "x" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(root / name, tmp_path / "x" / name)
    line = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*line, "-w", str(tmp_path), str(tmp_path / "x")], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    ours = {path.name for path in (Path(page.__file__).parent / "templates").iterdir()}
    with zipfile.ZipFile(wheel) as archive:
        assert {f"cvgrade/pages/templates/{name}" for name in ours} <= set(archive.namelist())
