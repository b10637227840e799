"""What students get holds no answer, and the search that says so finds one wherever it is put."""

import base64
import gzip
import io
import json
import shutil
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from cvgrade import bundle, cli
from cvgrade.answers import read_answers
from cvgrade.build import HIDDEN, SOLUTION, AssignmentError, names, read_source, region
from cvgrade.leaks import read_secrets, search, unpacked

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "assignments"
PARTS = """
assignments/src assignments/source assignments/nbgrader_config.py notebooks cvlib cvgrade datasets
pyproject.toml README.md LICENSE CITATION.cff requirements.txt
"""


def snapshot(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A copy of the repository, and the bundle made from it."""
    folder = tmp_path_factory.mktemp("bundle")
    root = folder / "course kit"
    for part in PARTS.split():
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / part, root / part)
    before = snapshot(root)
    said = []
    bundle.student_bundle(root / "assignments", folder / "dist", "ada/vision-101", said.append)
    assert snapshot(root) == before, "making the bundle changed the working tree"
    return folder / "dist"


@pytest.fixture(scope="module")
def secrets():
    return read_secrets(COURSE)


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made / "student", tmp_path / "student")


@pytest.mark.slow
def test_no_file_of_the_bundle_holds_an_answer_however_it_is_packed(made, secrets):
    assert search(made, secrets) == []
    assert search(made / "student.zip", secrets) == []


@pytest.mark.slow
def test_the_words_of_answers_and_hidden_tests_are_in_no_unpacked_byte(made):
    """Without the search's own notion of a secret: long lines of each region and answer, as they are."""
    held = [
        one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one
        for file in made.rglob("*")
        if file.is_file()
        for _, one in unpacked(file.read_bytes(), file.name)
    ]
    held = b"\n".join(set(held))
    released = [json.loads(path.read_text("utf-8")) for path in made.glob("student/assignments/*/*.ipynb")]
    assert len(released) == len(names(COURSE))
    public = "\n".join("".join(cell["source"]) for book in released for cell in book["cells"])
    count = 0
    for name in names(COURSE):
        book = read_source(COURSE, name)
        texts = [region(cell.source, marks) for cell in book.cells for marks in (SOLUTION, HIDDEN)]
        texts += [text for answer in read_answers(COURSE, name) for text in answer.cells.values()]
        for line in {line.strip() for text in texts for line in text.split("\n")}:
            if len(line) >= 60 and line not in public:
                count += 1
                assert line.encode() not in held, line
    assert count > 50
    for mark in (b"BEGIN SOLUTION", b"BEGIN HIDDEN", b"END HIDDEN", b"# loses:"):
        assert mark not in held


@pytest.mark.slow
def test_the_bundle_holds_what_a_student_needs_and_not_the_grader(made):
    student = made / "student"
    (wheel,) = student.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.namelist()
        about = archive.read(next(name for name in packed if name.endswith("METADATA"))).decode()
        entries = archive.read(next(name for name in packed if name.endswith("entry_points.txt"))).decode()
    assert "cvlib/__init__.py" in packed
    assert any(name.startswith("cvlib/datasets/cards/") for name in packed)
    assert not any("cvgrade" in name or name.startswith(("tests", "bench", "assignments")) for name in packed)
    assert "cvgrade" not in entries
    assert "nbgrader" not in about.partition("\n\n")[0].replace("Keywords", "").split("Requires-Dist", 1)[1]
    assert {path.name for path in student.iterdir()} == {
        "README.md", "LICENSE", "CITATION.cff", "requirements.txt", "notebooks", "assignments", wheel.name
    }  # fmt: skip
    lessons = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path.name for path in (student / "notebooks").glob("*.ipynb")} == lessons
    for name in names(COURSE):
        assert (student / "assignments" / name / f"{name}.ipynb").is_file()
    with zipfile.ZipFile(made / "student.zip") as archive:
        assert {f"student/{name}" for name in snapshot(student)} == set(archive.namelist())
        assert {name: archive.read(f"student/{name}") for name in snapshot(student)} == snapshot(student)


@pytest.mark.slow
def test_badges_and_install_cells_point_where_it_is_published(made):
    (wheel,) = (made / "student").glob("*.whl")
    readme = (made / "student" / "README.md").read_text("utf-8")
    for path in (made / "student" / "notebooks").glob("*.ipynb"):
        text = path.read_text("utf-8")
        assert f"github/ada/vision-101/blob/main/notebooks/{path.name}" in text
        assert f"https://github.com/ada/vision-101/raw/main/{wheel.name}" in text
        assert "git+https" not in text
        assert f"github/ada/vision-101/blob/main/notebooks/{path.name}" in readme
    assert "OWNER/REPO" not in "".join(
        path.read_text("utf-8") for path in (made / "student").rglob("*.ipynb")
    )
    for name in names(COURSE):
        assert f"(assignments/{name}/{name}.ipynb)" in readme


@pytest.mark.slow
def test_made_again_it_is_the_same_and_a_strangers_folder_is_left_alone(made, capsys):
    before = snapshot(made)
    root = made.parent / "course kit" / "assignments"
    assert (
        cli.main(["student-bundle", "--course", str(root), "--out", str(made), "--repo", "ada/vision-101"])
        == 0
    )
    after = snapshot(made)
    assert set(after) == set(before)
    assert [name for name in before if before[name] != after[name]] == []
    other = made.parent / "other" / "student"
    other.mkdir(parents=True)
    (other / "thesis.txt").write_text("mine")
    line = ["student-bundle", "--course", str(root), "--out", str(other.parent)]
    assert cli.main(line) == 1
    assert "something else" in capsys.readouterr().err
    assert (other / "thesis.txt").read_text() == "mine"
    assert cli.main([*line, "--repo", "not a name"]) == 2
    assert cli.main([*line[:2], str(made), *line[3:]]) == 1


def solution():
    """Three lines of the reference solution that follow one another, and one of a wrong answer."""
    book = read_source(COURSE, "mp1_face_masks")
    own = next(region(cell.source, SOLUTION) for cell in book.cells if cell.source.count("BEGIN SOLUTION"))
    hidden = next(region(cell.source, HIDDEN) for cell in book.cells if cell.source.count("BEGIN HIDDEN"))
    answers = read_answers(COURSE, "mp1_face_masks")
    wrong = next(text for one in answers if one.kind == "wrong" for text in one.cells.values())
    return {"solution": own, "hidden test": hidden, "wrong answer": wrong}


def packed(kind, text):
    """A text hidden in a file: (file name, bytes)."""
    raw = text.encode()
    encoded = base64.b64encode(raw).decode()
    if kind == "plain":
        return "notes.txt", raw
    if kind == "commented":
        return "notes.py", "\n".join(f"# {line}" for line in text.split("\n")).encode()
    if kind in ("zip", "whl"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/b.py", raw)
        return f"x.{kind}", buffer.getvalue()
    if kind == "zip in zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.zip", packed("zip", text)[1])
        return "x.zip", buffer.getvalue()
    if kind == "tar.gz":
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            one = tarfile.TarInfo("b.py")
            one.size = len(raw)
            archive.addfile(one, io.BytesIO(raw))
        return "x.tar.gz", buffer.getvalue()
    if kind == "picture":
        data = b"note\0\0" + zlib.compress(raw)
        chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
        return "x.png", b"\x89PNG\r\n\x1a\n" + chunk
    cell = {
        "cell_type": "code",
        "source": [line + "\n" for line in text.split("\n")],
        "outputs": [],
        "metadata": {},
    }
    if kind == "output":
        output = {"output_type": "stream", "name": "stdout", "text": cell["source"]}
        cell = {**cell, "source": "", "outputs": [output]}
    if kind == "attachment":
        cell = {**cell, "source": "", "attachments": {"a.txt": {"text/plain": encoded}}}
    if kind == "gzip in an attachment":
        inner = base64.b64encode(gzip.compress(raw)).decode()
        cell = {**cell, "source": "", "attachments": {"a.gz": {"application/gzip": inner}}}
    if kind == "metadata":
        cell = {**cell, "source": "", "metadata": {"solution": text}}
    if kind == "data address":
        cell = {**cell, "cell_type": "markdown", "source": f"![x](data:text/plain;base64,{encoded})"}
    return "x.ipynb", json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


@pytest.mark.parametrize("what", ["solution", "hidden test", "wrong answer"])
@pytest.mark.parametrize("place", ["notebooks", "assignments/mp1_face_masks"])
@pytest.mark.parametrize(
    "kind",
    ["plain", "commented", "zip", "whl", "zip in zip", "tar.gz", "picture", "cell", "output", "attachment",
     "gzip in an attachment", "metadata", "data address"],
)  # fmt: skip
def test_the_search_finds_what_is_planted(tmp_path, secrets, kind, place, what):
    name, content = packed(kind, solution()[what])
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / name).write_bytes(content)
    found = search(tmp_path, secrets)
    assert found
    assert all(name in one for one in found)


@pytest.mark.parametrize(
    "mark", ["### BEGIN SOLUTION", "### END SOLUTION", "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"]
)
def test_the_search_finds_every_mark(tmp_path, secrets, mark):
    (tmp_path / "x.py").write_text(f"a = 1\n{mark}\n")
    assert search(tmp_path, secrets)


def test_the_search_finds_every_file_that_lies_beside_a_source_and_is_not_given_out(tmp_path, secrets):
    given = {path.read_bytes() for path in (COURSE / "source").rglob("*") if path.is_file()}
    count = 0
    for path in sorted((COURSE / "src").rglob("*")):
        if path.is_file() and path.stat().st_size and path.read_bytes() not in given:
            count += 1
            planted = tmp_path / "renamed.bin"
            planted.write_bytes(path.read_bytes())
            assert any("is the file src/" in one for one in search(tmp_path, secrets)), path
    assert count > 20


def test_one_line_of_a_solution_is_enough_in_an_assignment(tmp_path, secrets):
    line = next(line for line in solution()["solution"].split("\n") if len(line.strip()) > 40)
    (tmp_path / "assignments").mkdir()
    (tmp_path / "assignments" / "x.py").write_text(line)
    assert search(tmp_path, secrets)


@pytest.mark.slow
def test_nothing_is_published_when_something_is_found(made, tmp_path, capsys):
    root = shutil.copytree(made.parent / "course kit", tmp_path / "kit")
    lesson = sorted((root / "notebooks").glob("*.ipynb"))[0]
    book = json.loads(lesson.read_text("utf-8"))
    book["cells"][-1]["source"] = solution()["solution"]
    lesson.write_text(json.dumps(book), encoding="utf-8")
    assert (
        cli.main(["student-bundle", "--course", str(root / "assignments"), "--out", str(tmp_path / "dist")])
        == 1
    )
    assert lesson.name in capsys.readouterr().err
    assert list((tmp_path / "dist").iterdir()) == []


TINY = """\
# %% [markdown]
# # Sums
# Write `total`.

# %% solution="total"
### BEGIN SOLUTION
def total(numbers):
    return sum(number for number in numbers if number is not None)
### END SOLUTION

# %% test="total_test" points=1
assert total([1, 2]) == 3
### BEGIN HIDDEN TESTS
assert total([1, None, 41]) == 42
### END HIDDEN TESTS
"""


@pytest.mark.slow
def test_a_course_of_another_subject_without_lessons_and_package_is_published_too(tmp_path, capsys):
    source = tmp_path / "kit" / "assignments" / "src" / "sums" / "notebook.py"
    source.parent.mkdir(parents=True)
    source.write_text(TINY)
    shutil.copyfile(COURSE / "nbgrader_config.py", tmp_path / "kit" / "assignments" / "nbgrader_config.py")
    root = tmp_path / "kit" / "assignments"
    assert cli.main(["student-bundle", "--course", str(root), "--out", str(tmp_path)]) == 0
    assert set(snapshot(tmp_path / "student")) == {"README.md", "assignments/sums/sums.ipynb"}
    readme = (tmp_path / "student" / "README.md").read_text("utf-8")
    assert "[Sums](assignments/sums/sums.ipynb)" in readme
    assert "LICENSE" not in readme
    assert ".whl" not in readme
    assert "-r " not in readme
    assert "None, 41" not in (tmp_path / "student/assignments/sums/sums.ipynb").read_text("utf-8")


def test_archives_within_archives_end(secrets, tmp_path):
    content = b"x"
    for _ in range(12):
        content = gzip.compress(content)
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(ValueError, match="too deep"):
        search(tmp_path, secrets)


def test_a_project_file_without_the_grader_names_it_no_more():
    text = bundle.without_grader((ROOT / "pyproject.toml").read_text("utf-8"))
    kept = bundle._toml().loads(text)
    assert kept["tool"]["setuptools"]["packages"]["find"]["include"] == ["cvlib*"]
    assert kept["project"]["scripts"] == {"cvlib": "cvlib.cli:main"}
    assert "optional-dependencies" not in kept["project"]
    assert kept["project"]["dependencies"]


def test_a_course_without_assignments_says_what_to_pass(tmp_path, capsys):
    assert cli.main(["student-bundle", "--course", str(tmp_path), "--out", str(tmp_path / "dist")]) == 1
    assert "pass --course" in capsys.readouterr().err
    with pytest.raises(AssignmentError):
        read_source(tmp_path, "x")


def test_what_one_assignment_shows_is_no_secret_of_another(tmp_path):
    shown, kept = "check.same_function(add, sum_of_two)", "check.close(add(17, 25), 42, atol=1e-9)"
    for name, source in {
        "first": shown,
        "second": f"### BEGIN HIDDEN TESTS\n{shown}\n{kept}\n### END HIDDEN TESTS",
    }.items():
        folder = tmp_path / "src" / name
        folder.mkdir(parents=True)
        solution = f'# %% solution="{name}"\n### BEGIN SOLUTION\nadd = sum\n### END SOLUTION\n\n'
        (folder / "notebook.py").write_text(
            f'{solution}# %% test="{name}_test" points=1\n{source}\nassert add\n'
        )
    (tmp_path / "hidden" / "second" / "truth").mkdir(parents=True)
    (tmp_path / "hidden" / "second" / "truth" / "masks.txt").write_text("0110")
    secrets = read_secrets(tmp_path)
    assert kept in secrets.lines
    assert shown not in secrets.lines
    assert list(secrets.files.values()).count("hidden/second/truth/masks.txt") == 1
