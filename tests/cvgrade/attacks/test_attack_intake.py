# ruff: noqa: E501  (submissions read better on one line)
"""Attacks 26 to 29: what a student can put into an archive, a folder or a notebook's file."""

import contextlib
import json
import os
import re

import course_kit as kit
import mutations
import nbformat
import pytest

from cvgrade.intake.collect import CollectError, collect
from cvgrade.intake.files import Limits
from cvgrade.intake.names import is_id
from cvgrade.intake.repair import NotebookRefused, repair
from cvgrade.run.plan import plan

WORK = kit.text_of(kit.answered())
BLANK = kit.text_of(kit.release())


@pytest.fixture
def course(tmp_path):
    return kit.course(tmp_path / "course")


@pytest.fixture
def give(tmp_path, course):
    """Zip files and collect them; then see that nothing came to be outside the folder for submissions."""

    def do(files, **options):
        path = tmp_path / "download.zip"
        path.write_bytes(kit.zip_bytes(files))
        before = _files(tmp_path)
        report = collect("hw", path, course, **options)
        new = {name for name in _files(tmp_path) - before if not name.startswith("course/submitted/")}
        assert not {name for name in new if not name.startswith("course/.cvgrade/")}, new
        return report

    return do


def _files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def _refused(report):
    found = {bad["path"]: bad["reason"] for bad in report.refused}
    for line in report.students:
        found.update({bad["path"]: bad["reason"] for bad in line.refused})
    return found


def _submitted(course):
    root = course / "submitted"
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


HONEST = {"amara/hw/hw.ipynb", "amara/hw/timestamp.txt"}


@pytest.mark.attack(26)
@pytest.mark.parametrize(
    ("mode", "kind"),
    [(0o120777, "symbolic link"), (0o020666, "character device"), (0o060660, "block device"),
     (0o010644, "named pipe"), (0o140755, "socket")],
)  # fmt: skip
@pytest.mark.parametrize("target", ["/etc/passwd", "../../source/hw/hw.ipynb", "../../../gradebook.db"])
def test_links_and_devices_in_an_archive_are_refused(give, course, tell, mode, kind, target):
    report = give([("amara/hw.ipynb", WORK), (kit.entry("amara/thing", mode), target)])
    assert kind in _refused(report)["amara/thing"]
    assert _submitted(course) == HONEST
    tell("refused by name")


@pytest.mark.attack(26)
def test_links_in_a_folder_are_not_followed(course, tmp_path):
    student, secret = tmp_path / "in" / "amara", tmp_path / "secret.txt"
    student.mkdir(parents=True)
    secret.write_text("gold")
    (student / "hw.ipynb").write_text(WORK, encoding="utf-8")
    (student / "link.txt").symlink_to(secret)
    (student / "folder").symlink_to(tmp_path)
    (student / "hard.txt").hardlink_to(secret)
    os.mkfifo(student / "pipe")
    report = collect("hw", tmp_path / "in", course)
    assert {name.removeprefix("amara/") for name in _refused(report)} == {
        "link.txt",
        "folder",
        "hard.txt",
        "pipe",
    }
    assert _submitted(course) == HONEST


@pytest.mark.attack(26)
def test_links_that_lie_in_the_submitted_folder_are_not_handed_to_the_tests(tmp_path, course):
    """An instructor may copy submissions by hand: what is read for the run follows no link."""
    from cvgrade.run.plan import read_files

    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("gold")
    (folder / "own.txt").write_text("mine")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to(tmp_path)
    assert read_files(folder) == {"own.txt": b"mine"}


NAMES = [
    "../../evil.py",
    "amara/../../evil.py",
    "..\\..\\evil.py",
    "\uff0e\uff0e/evil.py",
    "/etc/cron.d/evil",
    "//evil",
    "\\\\server\\share\\evil",
    "C:\\evil.py",
    "amara/e\0vil.py",
    "amara/" + "d/" * 40 + "evil.py",
    "amara/" + "n" * 250 + ".py",
    "amara/hw.ipynb/evil",
]


@pytest.mark.attack(27)
@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_astray_are_refused(give, course, tell, name):
    report = give([("amara/hw.ipynb", WORK), (kit.entry(name), "import os")])
    assert list(_refused(report)) == [name]
    assert _submitted(course) == HONEST
    tell("refused by name")


@pytest.mark.attack(27)
@pytest.mark.parametrize(
    "name", ["a*", "a\nb", "*", "?", "-rf", "$(id)", "`id`", "a;b", "a'b", 'a"b', "a|b", "~", ".", "=1+1", "a\tb"]
)  # fmt: skip
def test_odd_names_of_students_become_safe_ids_or_are_refused(give, course, name):
    give([("amara/hw.ipynb", WORK), (kit.entry(f"{name}/hw.ipynb"), WORK)])
    for path in _submitted(course):
        student = path.split("/")[0]
        assert is_id(student)
        assert not re.search(r"[*?\n\t$`;'\"|~=]", student)


BOMB_LIMITS = Limits(
    file_bytes=200_000, student_bytes=300_000, student_files=5, archive_bytes=2_000_000, archive_files=50,
    ratio=20, ratio_from=50_000,
)  # fmt: skip


@pytest.mark.attack(27)
def test_bombs_cost_only_their_student(give, course):
    flood = kit.zip_bytes({f"{index}.txt": "" for index in range(40)})
    files = {"amara/hw.ipynb": WORK, "bjorn.zip": flood, "chen/hw.ipynb": WORK, "chen/zeros": b"\0" * 150_000}
    report = give(files, limits=BOMB_LIMITS)
    assert {"bjorn.zip", "chen/zeros"} <= set(_refused(report))
    assert {line.student for line in report.students if line.notebooks} == {"amara", "chen"}


@pytest.mark.attack(27)
@pytest.mark.parametrize("claimed", [0xFFFFFFF0, 10])
def test_a_bomb_is_not_unpacked_whatever_the_archive_says_of_its_size(course, tmp_path, claimed):
    """Ten gigabytes of zeros pack into ten megabytes; what is written is counted, not what is claimed."""
    path = tmp_path / "bomb.zip"
    data = bytearray(kit.zip_bytes({"amara/hw.ipynb": WORK, "amara/bomb.bin": b"\0" * 4_000_000}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = claimed.to_bytes(4, "little")
    path.write_bytes(data)
    report = collect("hw", path, course)
    assert "amara/bomb.bin" in _refused(report)
    assert _submitted(course) == HONEST


@pytest.mark.attack(27)
def test_a_file_of_ten_gigabytes_is_refused_by_what_its_archive_says(course, tmp_path):
    import struct

    data = bytearray(kit.zip_bytes({"amara/hw.ipynb": WORK, "amara/bomb.bin": b"\0" * 10_000}))
    at = data.rfind(b"PK\x01\x02")
    extra = struct.pack("<HHQ", 1, 8, 10 << 30)  # ZIP64: the true size
    name_length, extra_length = struct.unpack_from("<HH", data, at + 28)
    data[at + 24 : at + 28] = b"\xff" * 4
    data[at + 30 : at + 32] = struct.pack("<H", extra_length + len(extra))
    place = at + 46 + name_length + extra_length
    data[place:place] = extra
    end = data.rfind(b"PK\x05\x06")
    size = struct.unpack_from("<I", data, end + 12)[0]
    data[end + 12 : end + 16] = struct.pack("<I", size + len(extra))
    (tmp_path / "bomb.zip").write_bytes(data)
    report = collect("hw", tmp_path / "bomb.zip", course)
    assert "10 GB" in _refused(report)["amara/bomb.bin"]
    assert _submitted(course) == HONEST


TIMES = ["1999-01-01 00:00:00 UTC", "not a time", "", "9" * 100_000, "\0\xff", "2999-12-31 23:59:59 UTC"]


@pytest.mark.attack(28)
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("name", ["timestamp.txt", "TimeStamp.TXT"])
def test_the_students_own_time_is_ignored(give, course, tell, time, name):
    report = give({"amara/hw.ipynb": WORK, f"amara/{name}": time})
    stamp = (course / "submitted/amara/hw/timestamp.txt").read_text()
    assert stamp.startswith("2026-03-04 ")  # the archive's
    assert _submitted(course) == HONEST
    assert any("was ignored" in note for line in report.students for note in line.notes)
    tell("ignored; the system's time counts")


# Notebooks: collected, repaired and judged, as a run does it -------------------------------------------------

RELEASE, SOURCE = kit.release(), kit.source()
PLACES = {cell.id: index for index, cell in enumerate(RELEASE.cells)}
TESTS = [name for name in PLACES if name.endswith("_test")]
HARM = {
    "more points": [(mutations.flags, PLACES[name], "points", 100) for name in TESTS],
    "grade: false": [(mutations.flags, PLACES[name], "grade", False) for name in TESTS],
    "unlocked": [(mutations.flags, PLACES[name], "locked", False) for name in TESTS],
    "tests that are solutions": [(mutations.flags, PLACES[name], "solution", True) for name in TESTS],
    "tests by another name": [(mutations.flags, PLACES[name], "grade_id", "bonus") for name in TESTS],
    "a question of its own": [(mutations.forge, 0, "bonus"), (mutations.forge, 2, "q1_test")],
    "deleted tests": [(mutations.delete_given, PLACES[name]) for name in reversed(TESTS)],
    "changed tests": [(mutations.edit_fixed, PLACES[name], "raise SystemExit(0)") for name in TESTS],
    "doubled tests": [(mutations.duplicate, PLACES[name], 0) for name in TESTS],
    "tests as text": [(mutations.retype, PLACES[name], "markdown") for name in TESTS],
    "tests first": [(mutations.move, PLACES[name], 0) for name in TESTS],
    "exchanged marks": [(mutations.swap_marks, PLACES["q1"], PLACES["q1_test"])],
    "no marks": [(mutations.strip_all,), (mutations.drop_ids,)],
    "another kernel": [(mutations.kernel,)],
}


def _judged(judge, text):
    """Scores of a submission: repaired and judged; the human's questions left out."""
    book, _, questions = repair(text, RELEASE, SOURCE)
    result = judge.station.judge(plan(SOURCE, book, "amara"))
    return {
        verdict.grade_id: verdict.score for verdict in result.verdicts if verdict.status != "manual"
    }, questions


@pytest.mark.attack(29)
@pytest.mark.parametrize("harm", HARM)
def test_a_changed_notebook_gets_what_its_answers_deserve(judge, tell, harm):
    right = {"q1_test": 2, "q3_test": 2, "q4_test": 1}
    scores, questions = _judged(judge, mutations.apply(json.loads(WORK), HARM[harm]))
    assert scores == right or questions, (scores, questions)
    blank = mutations.apply(json.loads(BLANK), HARM[harm])
    assert set(_judged(judge, blank)[0].values()) == {0.0}
    tell("put right from the release: no mark gained")


BROKEN = {
    "cut off": WORK[: len(WORK) // 2],
    "empty": "",
    "no JSON": "\x00\x01",
    "a list": "[]",
    "nested": "[" * 100_000,
    "no cells": json.dumps({"cells": 7, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
    "a long number": '{"cells": ' + "9" * 100_000 + "}",
    "cells of anything": json.dumps({**json.loads(WORK), "cells": [None, 1, "x", [], {}]}),
    "a lone surrogate": WORK.replace("circle", "\\ud800", 1),
}


@pytest.mark.attack(29)
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_notebook_stops_nobody(give, course, judge, broken):
    report = give({"amara/hw.ipynb": BROKEN[broken], "bjorn/hw.ipynb": WORK})
    assert "bjorn" in {line.student for line in report.students if line.notebooks}
    path = course / "submitted/amara/hw/hw.ipynb"
    if path.exists():
        with contextlib.suppress(NotebookRefused):  # in words; a person looks at it
            assert set(_judged(judge, path.read_text("utf-8"))[0]) == {"q1_test", "q3_test", "q4_test"}


@pytest.mark.attack(27)
def test_an_archive_that_is_none_is_said_to_be(course, tmp_path):
    for data in (b"", b"PK\x03\x04", WORK.encode(), b"PK\x05\x06" + bytes(18), os.urandom(1000)):
        (tmp_path / "in.zip").write_bytes(data)
        with pytest.raises(CollectError):
            collect("hw", tmp_path / "in.zip", course)


def test_the_honest_notebook_gets_all_and_the_blank_one_nothing(judge):
    assert _judged(judge, WORK)[0] == {"q1_test": 2, "q3_test": 2, "q4_test": 1}
    assert set(_judged(judge, BLANK)[0].values()) == {0.0}
    assert nbformat.reads(WORK, 4).cells
