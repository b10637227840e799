import json
import os
import re
from pathlib import Path

import course_kit as kit
import pytest

from cvgrade.intake.collect import CollectError, collect
from cvgrade.intake.files import Limits

WORK = kit.text_of(kit.answered())
SECOND = kit.text_of(kit.answered({"q1": "def area(radius):\n    return math.pi * radius**2"}))
METADATA = """---
submission_100:
  :submitters:
  - :name: Jane Doe
    :sid: 'u100'
    :email: jane@example.edu
  :created_at: 2026-03-04 10:15:00.123456789 Z
  :score:
submission_200:
  :submitters:
  - :name: Åsa Öberg
    :sid: 'u200'
    :email: asa@example.edu
  - :name: Chen Wei
    :sid: ''
    :email: chen+cv@example.edu
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: 2026-03-05 09:00:00 Z
    zone: &1 !ruby/object:ActiveSupport::TimeZone
      name: UTC
    time: 2026-03-05 10:00:00 Z
"""


@pytest.fixture
def course(tmp_path):
    return kit.course(tmp_path / "course")


@pytest.fixture
def give(tmp_path, course):
    """Zip files and collect them."""

    def do(files, **options):
        path = tmp_path / "download.zip"
        path.write_bytes(kit.zip_bytes(files))
        return collect("hw", path, course, **options)

    return do


def submitted(course):
    root = course / "submitted"
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def one(report, student):
    return next(line for line in report.students if line.student == student)


def reasons(report):
    found = {bad["path"]: bad["reason"] for bad in report.refused}
    for line in report.students:
        found.update({bad["path"]: bad["reason"] for bad in line.refused})
    return found


# The systems ------------------------------------------------------------------------------------------------


def test_canvas_names_late_marks_and_renamed_resubmissions_are_read(give, course):
    report = give(
        {
            "doejane_12345_67890_hw.ipynb": WORK,
            "öbergåsa_LATE_222_333_hw-1.ipynb": WORK,
            "anon_aB3dE_900_my homework.ipynb": WORK,
            "chenwei_444_text.html": "<p>typed</p>",
        }
    )
    assert report.lms == "canvas"
    assert [line.student for line in report.students] == [
        "anon_ab3de",
        "chenwei_444",
        "doejane_12345",
        "öbergåsa_222",
    ]
    assert submitted(course) == {
        "anon_ab3de/hw/hw.ipynb",
        "doejane_12345/hw/hw.ipynb",
        "öbergåsa_222/hw/hw.ipynb",
    }
    assert one(report, "öbergåsa_222").late is True
    assert one(report, "doejane_12345").late is False
    assert one(report, "chenwei_444").status == "held"
    # Canvas gives every file the time of the download.
    assert one(report, "doejane_12345").time == ""


def test_of_several_canvas_files_the_one_with_the_highest_number_counts(give, course):
    report = give({"doe_1_20_hw-1.ipynb": SECOND, "doe_1_10_hw.ipynb": WORK, "doe_1_15_hw-2.ipynb": WORK})
    line = one(report, "doe_1")
    assert line.notebooks == {"hw": "hw-1.ipynb"}
    assert (course / "submitted/doe_1/hw/hw.ipynb").read_text(encoding="utf-8") == SECOND
    assert any("hw.ipynb" in other for other in line.others)
    assert report.exit_code == 0


def test_moodle_folders_and_flat_files_are_read_and_their_times_taken(give, course):
    report = give(
        {
            "Jane Doe_12345_assignsubmission_file/hw.ipynb": WORK,
            "Jane Doe_12345_assignsubmission_onlinetext/onlinetext.html": "hello",
            "Zoë O'Neil_77_assignsubmission_file_hw.ipynb": WORK,
            "Wu, Lin_78_assignsubmission_file_/deep/hw.ipynb": WORK,
        }
    )
    assert report.lms == "moodle"
    assert {line.student for line in report.students} == {"jane_doe_12345", "zoë_o_neil_77", "wu_lin_78"}
    line = one(report, "jane_doe_12345")
    assert line.time_source == "Moodle's archive"
    stamp = (course / "submitted/jane_doe_12345/hw/timestamp.txt").read_text()
    assert stamp.startswith("2026-03-04 ")
    assert stamp.endswith(" UTC\n")
    assert (course / "submitted/wu_lin_78/hw/hw.ipynb").exists()


def test_nbgrader_reads_the_time_that_was_written(give, course):
    from nbgrader.coursedir import CourseDirectory

    give({"submission_100/hw.ipynb": WORK, "submission_metadata.yml": METADATA})
    read = CourseDirectory(root=str(course)).get_existing_timestamp(str(course / "submitted/u100/hw"))
    assert read.isoformat() == "2026-03-04T10:15:00.123456"


def test_gradescope_metadata_name_students_and_groups_and_times(give, course):
    report = give(
        {
            "assignment_9_export/submission_metadata.yml": METADATA,
            "assignment_9_export/submission_100/work.ipynb": WORK,
            "assignment_9_export/submission_200/hw.ipynb": WORK,
            "assignment_9_export/submission_300/hw.ipynb": WORK,
        }
    )
    assert report.lms == "gradescope"
    assert {line.student for line in report.students} == {"u100", "u200", "chen+cv@example.edu"}
    assert one(report, "u100").time == "2026-03-04T10:15:00.123456+00:00"
    assert one(report, "u200").time == "2026-03-05T09:00:00+00:00"
    assert "group" in one(report, "u200").notes[0]
    assert [bad["submission"] for bad in report.unmatched] == ["submission_300"]
    assert report.exit_code == 3


def test_folders_and_zip_files_one_for_each_student_are_read(give, course, tmp_path):
    inner = kit.zip_bytes(
        {"my work/hw.ipynb": WORK, "my work/data/points.csv": "1,2", "my work/.DS_Store": "x"}
    )
    report = give({"amara/hw.ipynb": WORK, "bjorn.zip": inner, "stray.txt": "?"})
    assert submitted(course) == {
        "amara/hw/hw.ipynb",
        "amara/hw/timestamp.txt",
        "bjorn/hw/hw.ipynb",
        "bjorn/hw/data/points.csv",
        "bjorn/hw/timestamp.txt",
    }
    assert list(reasons(report)) == ["stray.txt"]


def test_a_folder_on_disk_is_read_like_an_archive(course, tmp_path):
    (tmp_path / "in/amara").mkdir(parents=True)
    (tmp_path / "in/amara/hw.ipynb").write_text(WORK, encoding="utf-8")
    os.utime(tmp_path / "in/amara/hw.ipynb", (1_700_000_000, 1_700_000_000))
    report = collect("hw", tmp_path / "in", course)
    assert one(report, "amara").time == "2023-11-14T22:13:20+00:00"


def test_a_folder_whose_contents_look_like_a_system_is_not_guessed_at(give):
    files = {"amara/bob_1_2_hw.ipynb": WORK}
    with pytest.raises(CollectError, match="lms='folders' if 'amara' is a student"):
        give(files)
    assert [line.student for line in give(files, lms="folders").students] == ["amara"]
    assert [line.student for line in give(files, lms="canvas").students] == ["bob_1"]


def test_a_students_file_name_cannot_pass_for_another_student(give):
    report = give({"doe_12_34_Bob_99_assignsubmission_file_hw.ipynb": WORK, "roe_13_35_hw_7_8_x.ipynb": WORK})
    assert [line.student for line in report.students] == ["doe_12", "roe_13"]


# Who it is ----------------------------------------------------------------------------------------

CANVAS_ROSTER = """Student,ID,SIS User ID,SIS Login ID,Section,hw (55)
    Points Possible,,,,,8
"Doe, Jane",12345,s1,jdoe,A,
"Öberg, Åsa",222,s2,aoberg,A,
"Roe, Rick",333,s3,rroe,A,
"""


def test_a_canvas_gradebook_is_a_class_list(give, course):
    (course / "roster.csv").write_text(CANVAS_ROSTER, encoding="utf-8-sig")
    report = give(
        {
            "doejane_12345_1_hw.ipynb": WORK,
            "öbergåsa_222_2_hw.ipynb": WORK,
            "evil_333_3_hw.ipynb": WORK,
            "ghost_444_4_hw.ipynb": WORK,
        }
    )
    assert [line.student for line in report.students] == ["aoberg", "jdoe"]
    said = {bad["submission"]: bad["reason"] for bad in report.unmatched}
    assert "is 'Roe, Rick' in the class list, but the download says 'evil'" in said["evil_333"]
    assert "444 is not in the class list" in said["ghost_444"]
    assert report.missing == ["rroe"]


def test_a_moodle_worksheet_is_a_class_list_and_knows_the_times(give, tmp_path):
    roster = tmp_path / "sheet.csv"
    roster.write_text(
        "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
        "Last modified (submission),Last modified (grade),Feedback comments\n"
        'Participant 77,Zoë O\'Neil,zoe@example.edu,Submitted,,8,Yes,"Wednesday, 4 March 2026, 10:20 AM",-,\n'
        "Participant 78,Wu Lin,lin@example.edu,No submission,,8,Yes,-,-,\n",
        encoding="utf-8",
    )
    report = give({"Zoë O'Neil_77_assignsubmission_file/hw.ipynb": WORK}, roster=roster)
    line = one(report, "zoe@example.edu")
    assert line.time_source == "the class list"
    assert line.time.startswith("2026-03-04T")
    assert report.missing == ["lin@example.edu"]


def test_a_class_list_finds_folders_by_login_number_and_name(give, course):
    (course / "roster.csv").write_text(CANVAS_ROSTER, encoding="utf-8")
    report = give(
        {"jdoe/hw.ipynb": WORK, "s2/hw.ipynb": WORK, "Rick Roe/hw.ipynb": WORK, "Mallory/hw.ipynb": WORK}
    )
    assert [line.student for line in report.students] == ["aoberg", "jdoe", "rroe"]
    assert report.unmatched[0]["reason"] == "not in the class list"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student_id,name\njane,A\njane,B\n", "twice"),
        ("student_id\n../../etc\n", "cannot be a student's id"),
        ("student_id\n=cmd()\n", "cannot be a student's id"),
        ("colour,size\nred,1\n", "none of the columns|lists nobody"),
        ("student_id\n", "lists nobody"),
    ],
)
def test_a_bad_class_list_is_refused(give, course, text, message):
    (course / "roster.csv").write_text(text, encoding="utf-8")
    with pytest.raises(CollectError, match=message):
        give({"jane/hw.ipynb": WORK})


@pytest.mark.parametrize(("first", "second"), [("Alice", "alice"), ("alice", "аlice"), ("zoë", "zoe\u0308")])
def test_students_who_look_the_same_are_left_to_a_person(give, course, first, second):
    report = give({f"{first}/hw.ipynb": WORK, f"{second}/hw.ipynb": SECOND})
    collected = {line.student for line in report.students if line.status != "held"}
    assert len(collected) <= 1  # composed letters: one student, two submissions of one time
    assert report.exit_code != 0


@pytest.mark.parametrize(
    "name", ["*", "a\nb", "a\rb", "a\x1b[2Jb", "\u202egnp", "a?", "..", "x" * 300, "a|b", '"']
)
def test_names_that_cannot_be_students_are_refused(give, course, name):
    report = give([(kit.entry(f"{name}/hw.ipynb"), WORK), (kit.entry("ok/hw.ipynb"), WORK)])
    assert submitted(course) == {"ok/hw/hw.ipynb", "ok/hw/timestamp.txt"}
    assert len(report.refused) == 1
    assert report.exit_code == 3
    assert "\x1b" not in report.text()
    assert "\u202e" not in report.text()
    assert not any("\r" in line for line in report.text().split("\n"))


# Which notebook -----------------------------------------------------------------------------------


def test_a_renamed_notebook_is_known_by_what_is_in_it(give, course):
    other = kit.text_of(kit.book(kit.cell("print('notes')")))
    report = give({"amara/Copy of homework (3).ipynb": WORK, "amara/notes.ipynb": other})
    assert one(report, "amara").notebooks == {"hw": "Copy of homework (3).ipynb"}
    assert submitted(course) == {"amara/hw/hw.ipynb", "amara/hw/timestamp.txt"}


def test_a_notebook_without_grade_ids_is_known_by_its_texts(give):
    stripped = json.loads(WORK)
    for cell in stripped["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    assert give({"amara/x.ipynb": json.dumps(stripped)}).exit_code == 0


def test_the_untouched_release_never_wins_over_answers(give, course):
    report = give({"amara/hw.ipynb": kit.text_of(kit.release()), "amara/Copy of hw.ipynb": WORK})
    assert one(report, "amara").notebooks == {"hw": "Copy of hw.ipynb"}


def test_two_notebooks_that_nothing_tells_apart_are_left_to_a_person(give, course):
    report = give(
        {"amara/a.ipynb": WORK, "amara/b.ipynb": SECOND, "bjorn/a.ipynb": WORK, "bjorn/b.ipynb": WORK}
    )
    assert one(report, "amara").status == "held"
    assert "which one counts" in one(report, "amara").problems[0]
    assert one(report, "bjorn").status == "new"


def test_a_cut_off_notebook_is_refused_in_words(give, course):
    report = give({"amara/hw.ipynb": WORK[: len(WORK) // 2], "bjorn/hw.ipynb": "<html>", "chen/hw.ipynb": ""})
    said = {line.student: line.problems[0] for line in report.students}
    assert "cut off" in said["amara"]
    assert "does not begin as JSON" in said["bjorn"]
    assert "empty" in said["chen"]
    assert submitted(course) == set()
    assert report.exit_code == 1


def test_a_second_notebook_of_the_assignment_is_looked_for(course, give):
    extra = kit.book(kit.cell("x = 1", "p1", "locked"), kit.cell("y = ...", "p2", "answer"))
    (course / "release/hw/part_two.ipynb").write_text(kit.text_of(extra), encoding="utf-8")
    report = give({"amara/one.ipynb": WORK, "amara/two.ipynb": kit.text_of(extra), "bjorn/one.ipynb": WORK})
    assert one(report, "amara").notebooks == {"hw": "one.ipynb", "part_two": "two.ipynb"}
    assert one(report, "bjorn").problems == ["part_two.ipynb is missing"]


def test_data_files_lie_where_the_notebook_looks_for_them(give, course):
    notebook = kit.release()
    notebook.cells[0].source += "\nSave your predictions in `predictions.csv`."
    (course / "release/hw/hw.ipynb").write_text(kit.text_of(notebook), encoding="utf-8")
    report = give(
        {"doe_1_10_hw-2.ipynb": WORK, "doe_1_11_predictions-2.csv": "1", "doe_1_12_other-2.csv": "2"}
    )
    assert submitted(course) == {
        f"doe_1/hw/{name}" for name in ("hw.ipynb", "predictions.csv", "other-2.csv")
    }
    assert any("which the assignment reads" in note for note in one(report, "doe_1").notes)


# Again --------------------------------------------------------------------------------------------


def test_collecting_again_changes_nothing(give, course):
    give({"amara/hw.ipynb": WORK})
    report = give({"amara/hw.ipynb": WORK})
    assert one(report, "amara").status == "unchanged"
    assert not (course / ".cvgrade/replaced").exists()


def test_a_newer_submission_replaces_and_the_old_one_is_kept_aside(course, tmp_path):
    path = tmp_path / "d.zip"
    path.write_bytes(kit.zip_bytes({"amara/hw.ipynb": WORK}, when=(2026, 3, 1, 0, 0, 0)))
    collect("hw", path, course)
    path.write_bytes(kit.zip_bytes({"amara/hw.ipynb": SECOND}, when=(2026, 3, 2, 0, 0, 0)))
    assert one(collect("hw", path, course), "amara").status == "replaced"
    assert (course / "submitted/amara/hw/hw.ipynb").read_text(encoding="utf-8") == SECOND
    aside = list((course / ".cvgrade/replaced").rglob("hw.ipynb"))
    assert [one.read_text(encoding="utf-8") for one in aside] == [WORK]
    path.write_bytes(kit.zip_bytes({"amara/hw.ipynb": WORK}, when=(2026, 3, 1, 0, 0, 0)))
    assert one(collect("hw", path, course), "amara").status == "kept"
    assert (course / "submitted/amara/hw/hw.ipynb").read_text(encoding="utf-8") == SECOND


def test_of_two_submissions_of_one_student_the_newest_counts(give, tmp_path, course):
    roster = tmp_path / "r.csv"
    roster.write_text("student_id,name,login\njdoe,Jane Doe,j1\n", encoding="utf-8")
    files = [(kit.entry("jdoe/hw.ipynb", when=(2026, 3, 1, 0, 0, 0)), WORK),
             (kit.entry("Jane Doe/hw.ipynb", when=(2026, 3, 2, 0, 0, 0)), SECOND)]  # fmt: skip
    report = give(files, roster=roster)
    assert (course / "submitted/jdoe/hw/hw.ipynb").read_text(encoding="utf-8") == SECOND
    assert any("jdoe of 2026-0" in other for other in one(report, "jdoe").others)


def test_a_dry_run_writes_nothing(give, course):
    before = sorted(course.rglob("*"))
    report = give({"amara/hw.ipynb": WORK, "../x": "y"}, dry_run=True)
    assert sorted(course.rglob("*")) == before
    assert one(report, "amara").status == "new"
    assert "would collect 1" in report.text()
    assert report.exit_code == 3


def test_a_collection_that_was_killed_leaves_nothing_behind_after_the_next(give, course):
    left = course / "submitted/.cvgrade-killed/0"
    left.mkdir(parents=True)
    (left / "hw.ipynb").write_text("half")
    give({"amara/hw.ipynb": WORK})
    assert [path.name for path in (course / "submitted").iterdir()] == ["amara"]


def test_the_report_survives_json_and_is_written(give, course):
    report = give({"amara/hw.ipynb": WORK})
    written = json.loads((course / ".cvgrade/collect/hw.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(report.to_json()))
    assert written["students"][0]["student"] == "amara"


def test_what_cannot_be_collected_from_is_said_in_one_sentence(course, tmp_path):
    for path, message in (
        ("nothing.zip", "does not exist"),
        ("bad.zip", "not a ZIP file"),
        ("empty", "no file"),
    ):
        if path == "bad.zip":
            (tmp_path / path).write_bytes(b"PK not really")
        elif path == "empty":
            (tmp_path / path).mkdir()
        with pytest.raises(CollectError, match=message):
            collect("hw", tmp_path / path, course)
    with pytest.raises(CollectError, match="release the assignment first"):
        collect("other", tmp_path, course)


# Hostile archives ---------------------------------------------------------------------------------


def test_students_times_and_secrets_are_ignored(give, course):
    inner = kit.zip_bytes(
        {"hw.ipynb": WORK, "TimeStamp.txt": "1999-01-01 00:00:00 UTC"}, when=(1999, 1, 1, 0, 0, 0)
    )
    report = give(
        {
            "amara/hw.ipynb": WORK,
            "amara/timestamp.txt": "1999-01-01 UTC",
            "amara/submission_secret.txt": "s",
            "b.zip": inner,
        }
    )
    for student in ("amara", "b"):
        assert (course / f"submitted/{student}/hw/timestamp.txt").read_text().startswith("2026-03-04")
        assert any("was ignored" in note for note in one(report, student).notes)
    assert not list(course.rglob("submission_secret.txt"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../../evil.py", r"leaves its folder"),
        ("amara/../../evil.py", r"leaves its folder"),
        ("..\\..\\evil.py", r"leaves its folder"),
        ("\uff0e\uff0e/evil.py", r"leaves its folder"),
        ("/etc/cron.d/evil", r"absolute"),
        ("\\\\server\\share\\evil", r"absolute"),
        ("C:\\evil.py", r"drive letter"),
        ("c:evil.py", r"drive letter"),
        ("amara/e\0vil.py", r"NUL"),
        ("amara/" + "d/" * 40 + "evil.py", r"deeper"),
        ("amara/" + "n" * 250 + ".py", r"longer"),
        ("amara/HW.ipynb", r"taken by 'amara/hw.ipynb'"),
        ("amara/hw.ipynb/evil", r"a file as well as a folder"),
    ],
)
def test_paths_that_lead_astray_are_refused_by_name(give, course, tmp_path, name, reason):
    before = {path for path in tmp_path.rglob("*") if "evil" in path.name}
    report = give([("amara/hw.ipynb", WORK), (kit.entry(name), "import os")])
    found = reasons(report)
    assert list(found) == [name]
    assert re.search(reason, found[name])
    assert submitted(course) == {"amara/hw/hw.ipynb", "amara/hw/timestamp.txt"}
    assert {path for path in tmp_path.rglob("*") if "evil" in path.name} == before
    assert not Path("/etc/cron.d/evil").exists()


@pytest.mark.parametrize(
    ("mode", "kind"),
    [(0o120777, "symbolic link"), (0o020666, "character device"), (0o060660, "block device"),
     (0o010644, "named pipe"), (0o140755, "socket")],
)  # fmt: skip
def test_links_and_devices_in_an_archive_are_refused(give, course, mode, kind):
    report = give([("amara/hw.ipynb", WORK), (kit.entry("amara/thing", mode), "/etc/passwd")])
    assert kind in reasons(report)["amara/thing"]
    assert not os.path.lexists(course / "submitted/amara/hw/thing")


def test_links_and_devices_in_a_folder_are_refused(course, tmp_path):
    student = tmp_path / "in/amara"
    student.mkdir(parents=True)
    (student / "hw.ipynb").write_text(WORK, encoding="utf-8")
    secret = tmp_path / "secret.txt"
    secret.write_text("gold")
    (student / "link.txt").symlink_to(secret)
    (student / "dir").symlink_to(tmp_path)
    (student / "hard.txt").hardlink_to(secret)
    os.mkfifo(student / "pipe")
    report = collect("hw", tmp_path / "in", course)
    found = reasons(report)
    assert "symbolic link" in found["amara/link.txt"]
    assert "symbolic link" in found["amara/dir"]
    assert "hard link" in found["amara/hard.txt"]
    assert "named pipe" in found["amara/pipe"]
    assert submitted(course) == {"amara/hw/hw.ipynb", "amara/hw/timestamp.txt"}


def test_an_archive_inside_an_archive_is_held_to_the_same_rules(give, course):
    inner = kit.zip_bytes(
        [("hw.ipynb", WORK), (kit.entry("../../../evil"), "x"), (kit.entry("l", 0o120777), "/etc")]
    )
    report = give({"amara.zip": inner})
    assert {path.split(" → ")[1] for path in reasons(report)} == {"../../../evil", "l"}
    assert submitted(course) == {"amara/hw/hw.ipynb", "amara/hw/timestamp.txt"}


def test_archives_nested_too_deep_are_not_opened(give, course):
    data = kit.zip_bytes({"hw.ipynb": WORK})
    for _ in range(2):
        data = kit.zip_bytes({"in.zip": data})
    report = give({"amara.zip": data})
    assert "2 deep" in next(iter(reasons(report).values()))
    assert one(report, "amara").status == "held"


def test_a_submission_folder_that_is_a_link_is_not_written_through(give, course, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (course / "submitted").mkdir()
    (course / "submitted/amara").symlink_to(outside)
    report = give({"amara/hw.ipynb": WORK})
    assert one(report, "amara").status == "held"
    assert list(outside.iterdir()) == []


SMALL = Limits(
    file_bytes=200_000, student_bytes=300_000, student_files=5, archive_bytes=2_000_000, archive_files=50,
    ratio=20, ratio_from=50_000,
)  # fmt: skip


def test_bombs_are_refused_by_ratio_size_and_count_and_others_are_collected(give, course):
    report = give(
        {
            "amara/hw.ipynb": WORK,
            "amara/ratio.bin": b"\0" * 150_000,
            "amara/large.bin": os.urandom(250_000),
            "bjorn/hw.ipynb": WORK,
            **{f"bjorn/{index}.bin": "x" for index in range(10)},
            **{f"chen/{index}.bin": os.urandom(120_000) for index in range(4)},
            "chen/hw.ipynb": WORK,
        },
        limits=SMALL,
    )
    found = reasons(report)
    assert "unpacks to" in found["amara/ratio.bin"]
    assert "more than 195 KB" in found["amara/large.bin"]
    assert sum("may hold 5 files" in reason for reason in found.values()) == 6
    assert sum("may hold 293 KB" in reason for reason in found.values()) == 2
    assert {line.student for line in report.students if line.notebooks} == {"amara", "bjorn", "chen"}


def test_an_archive_with_too_many_files_is_refused_before_it_is_read(give):
    with pytest.raises(CollectError, match="a bomb: it holds"):
        give({f"s{index}/hw.ipynb": "x" for index in range(60)}, limits=SMALL)


def test_a_nested_bomb_costs_only_its_student(give, course):
    flood = kit.zip_bytes({f"{index}.txt": "" for index in range(40)})
    deep = kit.zip_bytes({"hw.ipynb": WORK, "zeros": b"\0" * 190_000})
    report = give({"amara.zip": flood, "bjorn.zip": deep, "chen/hw.ipynb": WORK}, limits=SMALL)
    assert "a bomb: it holds more than 5 files" in reasons(report)["amara.zip"]
    assert "a bomb: it unpacks" in reasons(report)["bjorn.zip → zeros"]
    assert one(report, "amara").status == "held"
    assert {line.student for line in report.students if line.notebooks} == {"bjorn", "chen"}


def test_a_ten_gigabyte_bomb_is_refused_without_unpacking_it(course, tmp_path):
    path = tmp_path / "bomb.zip"
    data = bytearray(kit.zip_bytes({"amara/hw.ipynb": WORK, "amara/bomb.bin": b"\0" * 1_000_000}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (0xFFFFFFF0).to_bytes(4, "little")  # it claims four gigabytes
    path.write_bytes(data)
    report = collect("hw", path, course)
    assert "4.0 GB" in reasons(report)["amara/bomb.bin"]
    assert one(report, "amara").status == "new"


def test_an_archive_whose_directory_lies_about_sizes_is_caught_while_it_is_read(course, tmp_path):
    path = tmp_path / "lie.zip"
    data = bytearray(kit.zip_bytes({"amara/hw.ipynb": WORK, "amara/lie.bin": b"\0" * 4_000_000}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    report = collect("hw", path, course)
    assert "amara/lie.bin" in reasons(report)
    assert "amara/hw/lie.bin" not in submitted(course)


def test_files_that_share_bytes_are_a_bomb(course, tmp_path):
    data = bytearray(
        kit.zip_bytes({"amara/hw.ipynb": WORK, "amara/a": os.urandom(500), "amara/b": os.urandom(500)})
    )
    central = [index for index in range(len(data)) if data[index : index + 4] == b"PK\x01\x02"]
    data[central[2] + 42 : central[2] + 46] = data[central[1] + 42 : central[1] + 46]
    (tmp_path / "o.zip").write_bytes(data)
    with pytest.raises(CollectError, match="share the same bytes"):
        collect("hw", tmp_path / "o.zip", course)


def test_encrypted_and_oddly_packed_files_are_refused(course, tmp_path):
    data = bytearray(
        kit.zip_bytes({"amara/hw.ipynb": WORK, "amara/locked.bin": "x" * 100, "amara/odd.bin": "y" * 100})
    )
    central = [index for index in range(len(data)) if data[index : index + 4] == b"PK\x01\x02"]
    data[central[1] + 8] |= 1
    data[central[2] + 10 : central[2] + 12] = (93).to_bytes(2, "little")
    (tmp_path / "e.zip").write_bytes(data)
    found = reasons(collect("hw", tmp_path / "e.zip", course))
    assert found["amara/locked.bin"] == "it is encrypted"
    assert "method 93" in found["amara/odd.bin"]


def test_a_damaged_file_is_named_and_the_rest_collected(course, tmp_path):
    data = bytearray(kit.zip_bytes([("amara/hw.ipynb", WORK), ("amara/data.bin", os.urandom(3000))]))
    at = data.find(b"amara/data.bin") + 600
    data[at : at + 20] = b"\xff" * 20
    (tmp_path / "d.zip").write_bytes(data)
    report = collect("hw", tmp_path / "d.zip", course)
    assert "cannot be read" in reasons(report)["amara/data.bin"]
    assert one(report, "amara").status == "new"


def test_names_in_utf8_without_the_flag_are_read(course, tmp_path):
    data = kit.zip_bytes({"zoë/hw.ipynb": WORK})
    # Apple's archiver writes UTF-8 and does not say so.
    data = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark) + offset
        data[at : at + 2] = (0).to_bytes(2, "little")
    (tmp_path / "m.zip").write_bytes(data)
    assert [line.student for line in collect("hw", tmp_path / "m.zip", course).students] == ["zoë"]


def test_gradescope_metadata_that_run_code_or_explode_are_only_data(give):
    evil = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b]\n"
    evil += "submission_100: !!python/object/apply:os.system ['touch /tmp/never_cvgrade']\n"
    with pytest.raises(CollectError, match=r"submission_metadata.yml"):
        give({"submission_metadata.yml": evil, "submission_100/hw.ipynb": WORK})
    assert not Path("/tmp/never_cvgrade").exists()


# The command --------------------------------------------------------------------------------------


def test_the_command_prints_and_exits_for_scripts(course, tmp_path, capsys):
    import argparse

    from cvgrade.intake import command

    path = tmp_path / "d.zip"
    path.write_bytes(kit.zip_bytes({"amara/hw.ipynb": WORK, "/abs": "x"}))
    parser = argparse.ArgumentParser()
    parser.add_argument("--course", type=Path)
    command.add_arguments(parser)
    args = ["--course", str(course), "hw"]
    assert command.run(parser.parse_args([*args, str(path), "--dry-run"])) == 3
    assert "the path is absolute" in capsys.readouterr().out
    assert command.run(parser.parse_args([*args, str(path), "--json"])) == 3
    assert json.loads(capsys.readouterr().out)["students"][0]["student"] == "amara"
    assert command.run(parser.parse_args([*args, str(tmp_path / "no.zip")])) == 1
    assert "does not exist" in capsys.readouterr().err


def test_a_large_archive_of_one_student_is_opened_too(give, course):
    inner = kit.zip_bytes([("hw.ipynb", WORK), (kit.entry("weights.bin"), os.urandom(9_000_000))])
    report = give({"amara.zip": inner})
    assert one(report, "amara").files == ["weights.bin"]
    assert (course / "submitted/amara/hw/weights.bin").stat().st_size == 9_000_000
