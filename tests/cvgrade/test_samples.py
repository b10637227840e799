"""Releasing, handing in and the demo, on a course of two sums."""

import csv

import pytest
import sums_kit

from cvgrade import answers, build, cli, course, samples
from cvgrade.course import GradingError
from cvgrade.run import sandbox as walls


@pytest.fixture
def folder(tmp_path, pytestconfig):
    return sums_kit.make(tmp_path / "course", pytestconfig)


@pytest.mark.slow
def test_a_release_holds_no_answer(folder, tmp_path):
    released = course.release(folder, "sums", tmp_path / "root")
    text = (released / "sums.ipynb").read_text()
    assert "YOUR CODE HERE" in text
    assert "secret_pairs" not in text
    assert "twice two" in text
    (released / "notes.txt").write_text("the pairs: secret_pairs = [(5, 6), (7, 8)]")
    leaks = course.find_leaks(released, build.read_source(folder, "sums"))
    assert leaks == ["notes.txt holds 'secret_pairs = [(5, 6), (7, 8)]'"]


def demo(folder, root, capsys):
    words = ["demo", "sums", "--course", str(folder), "--out", str(root), "--workers", "2"]
    status = cli.main(words)
    said = capsys.readouterr()
    assert status == 0, said.err
    with (root / "sums_marks.csv").open(newline="") as file:
        marks = {row["student"]: row for row in csv.DictReader(file)}
    assert [row["total"] for row in marks.values()] == ["3.5", "2", "0"]
    assert (root / "gradebook.db").exists()
    return said.out, marks


@pytest.mark.slow
def test_a_demo_goes_from_the_release_to_marks_feedback_and_an_export(folder, tmp_path, capsys):
    root = tmp_path / "out"
    out, marks = demo(folder, root, capsys)
    assert "Collected  3 submissions" in out
    assert "No sandbox" not in out
    pages = {path.relative_to(root / "feedback").parts[0]: path for path in root.glob("feedback/**/*.html")}
    assert set(pages) == set(marks)
    for page in pages.values():
        assert "secret_pairs" not in page.read_text()  # hidden tests stay hidden
    squares = next(name for name, row in marks.items() if row["total"] == "2")
    assert "a square is no double" in pages[squares].read_text()
    exported = (root / "sums-canvas.csv").read_text()
    assert "Okafor, Amara" in exported
    assert str(root) in out


@pytest.mark.slow
def test_a_demo_without_a_sandbox_says_so_and_grades_with_nbgrader(folder, tmp_path, capsys, monkeypatch):
    def missing():
        raise walls.SandboxError(f"bubblewrap is not installed: {walls.INSTALL}")

    monkeypatch.setattr(walls, "check", missing)
    out, _ = demo(folder, tmp_path / "out", capsys)
    assert "sudo apt install bubblewrap" in out
    assert "nbgrader grades this class without one" in out


@pytest.mark.slow
@pytest.mark.parametrize("grader", samples.GRADERS)
def test_tests_find_what_is_hidden_with_either_grader_and_the_release_does_not(folder, tmp_path, grader):
    secret = folder / "hidden" / "sums" / "truth"
    secret.mkdir(parents=True)
    (secret / "pairs.txt").write_text("5 6")
    old = "secret_pairs = [(5, 6), (7, 8)]"
    sums_kit.edit(folder, old, 'secret_pairs = [tuple(map(int, open("truth/pairs.txt").read().split()))]')
    root = samples.prepare(folder, "sums", tmp_path / "root")
    (answer,) = [one for one in answers.read_answers(folder, "sums") if one.name == "counts"]
    samples.hand_in(folder, "sums", root, {"counts": answer})
    (result,) = samples.grade(root, "sums", ["counts"], grader, workers=1)
    assert result.total == result.most == 3.5, result.said
    assert not list(root.glob("release/**/truth")) + list(root.glob("source/**/truth"))
    assert (root / "hidden" / "sums" / "truth" / "pairs.txt").exists()


@pytest.mark.slow
def test_a_folder_with_something_else_in_it_is_left_alone(folder, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    (tmp_path / "out" / "gradebook.db").write_text("a course's own")
    assert cli.main(["demo", "sums", "--course", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "holds something else" in capsys.readouterr().err
    assert (tmp_path / "out" / "thesis.tex").exists()


@pytest.mark.slow
def test_a_folder_of_an_earlier_run_is_emptied(folder, tmp_path):
    root = samples.prepare(folder, "sums", tmp_path / "out")
    (root / "submitted").mkdir()
    assert not (samples.prepare(folder, "sums", root) / "submitted").exists()


def test_nothing_handed_in_is_said(tmp_path):
    with pytest.raises(GradingError, match="nothing was handed in"):
        course.grade(tmp_path, "sums")


def test_the_command_checks_what_is_built(folder, capsys):
    assert cli.main(["build", "--check", "--course", str(folder)]) == 0
    with (folder / "src" / "sums" / "notebook.py").open("a") as file:
        file.write("\n# %% [markdown]\n# More.\n")
    assert cli.main(["build", "--check", "--course", str(folder)]) == 1
    assert "run: cvgrade build sums" in capsys.readouterr().out
    assert cli.main(["build", "nothing", "--course", str(folder)]) == 1
