import contextlib
import datetime
import glob
import math
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import class_kit as kit
import nbformat
import pytest
from nbgrader.api import Gradebook
from traitlets.config import Config

from cvgrade.gradebook import GradebookError, Graded, Writer, open_gradebook, sound_scores
from cvgrade.run.plan import Result, Verdict

UTC = datetime.timezone.utc


def result(student="amara", double=2.0, total=3.0, **options):
    verdicts = (
        Verdict("double_test", 2, double, "passed" if double == 2 else "failed", "double(2) is 4"),
        Verdict("why", 4, 0.0, "manual"),
        Verdict(
            "total_test", 3, total, "passed" if total == 3 else "failed", "the total is 6", "sum, not mean"
        ),
    )
    outputs = {"double": [{"output_type": "stream", "name": "stdout", "text": "hello\n"}]}
    return Result(student, kit.NAME, verdicts, outputs, **options)


def graded(
    student="amara", double=2.0, total=3.0, text=kit.TEXT, answered=("double", "total", "why"), **options
):
    book = kit.answered("right", text)
    return Graded(student, result(student, double, total), book, answered=frozenset(answered), **options)


def tables(url):
    """Every row of the tables of submissions, to compare."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.connect() as database:
        names = ("submitted_assignment", "submitted_notebook", "grade", "comment")
        found = {name: sorted(map(str, database.execute(text(f"select * from {name}")))) for name in names}
    engine.dispose()
    return found


@contextlib.contextmanager
def postgres(fsync="off"):
    """A PostgreSQL server of this test's own, reached by a socket in a private folder; gives its URL."""
    bins = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]))
    bins += [os.path.dirname(path) for path in [shutil.which("pg_ctl")] if path]
    if not bins:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'psycopg[binary]'")
    folder = tempfile.mkdtemp(prefix="cvgrade-pg-")
    who = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        names = {one.pw_name: one for one in pwd.getpwall()}
        user = names.get("postgres") or names["nobody"]
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def pg(name, *words):
        log = open(f"{folder}.log", "a+")  # noqa: SIM115
        with log:
            done = subprocess.run(
                [f"{bins[-1]}/{name}", *words], cwd=folder, stdout=log, stderr=log, timeout=120, **who
            )
            log.seek(0)
            assert done.returncode == 0, log.read()

    data = f"{folder}/data"
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c port=54329 -c fsync={fsync}"
    try:
        pg("initdb", "-D", data, "-U", "grader", "-A", "trust", "-E", "UTF8", "--locale=C")
        pg("pg_ctl", "-D", data, "-w", "-t", "100", "-l", f"{folder}/log", "-o", settings, "start")
        try:
            yield f"postgresql+psycopg://grader@/postgres?host={folder}&port=54329"
        finally:
            pg("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        Path(f"{folder}.log").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def postgres_url():
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    """A gradebook's URL, empty, on each kind of database."""
    if request.param == "sqlite":
        return kit.database(tmp_path)
    from sqlalchemy import create_engine, text

    address = request.getfixturevalue("postgres_url")
    engine = create_engine(address)
    with engine.begin() as database:
        database.execute(text("drop schema public cascade"))
        database.execute(text("create schema public"))
    engine.dispose()
    return address


@pytest.fixture
def writer(tmp_path, url):
    kit.register(url, course_id="numbers")
    with Writer(tmp_path, kit.NAME, url, "numbers") as opened:
        yield opened


def person(url, student, question, **values):
    """A person marks in formgrader."""
    with Gradebook(url, "numbers") as gradebook:
        grade = gradebook.find_grade(question, kit.NAME, kit.NAME, student)
        for name, value in {"needs_manual_grade": False, **values}.items():
            setattr(grade, name, value)
        gradebook.db.commit()


def test_nbgrader_reads_the_marks_of_a_class(writer, url):
    students = kit.class_of(250)
    writer.write([graded(student, *kit.ANSWERS[kind][2:]) for student, kind in students.items()])
    assert kit.marks(url) == kit.expected(students)
    with Gradebook(url, "numbers") as gradebook:
        dicts = {one["student"]: one for one in gradebook.submission_dicts(kit.NAME)}
        assert dicts["s00000"]["score"] == 5
        assert dicts["s00001"]["score"] == 2
        assert dicts["s00002"]["max_score"] == 9
        assert dicts["s00000"]["needs_manual_grade"]
        assert len(gradebook.notebook_submission_dicts(kit.NAME, kit.NAME)) == 250
        assert {one["id"]: one["score"] for one in gradebook.student_dicts()}["s00000"] == 5


def test_the_rows_are_those_that_nbgrader_itself_would_make(writer, url):
    writer.write([graded("amara")])
    with Gradebook(url, "numbers") as gradebook:
        gradebook.add_student("bjorn")
        gradebook.add_submission(kit.NAME, "bjorn")
        ours, theirs = (gradebook.find_submission(kit.NAME, one).notebooks[0] for one in ("amara", "bjorn"))
        assert {one.name for one in ours.grades} == {one.name for one in theirs.grades}
        assert {one.name for one in ours.comments} == {one.name for one in theirs.comments}
        assert bool(ours.flagged) == bool(theirs.flagged)
        gradebook.update_or_create_submission(kit.NAME, "bjorn")
    writer.write([graded("bjorn", 0.0)])
    assert kit.marks(url)[("bjorn", "double_test")] == (0.0, None, False)


def test_writing_twice_changes_nothing(writer, url):
    batch = [graded(f"s{number}", time=datetime.datetime(2026, 3, 4, tzinfo=UTC)) for number in range(3)]
    writer.write(batch)
    before = tables(url)
    writer.write(batch + batch)
    assert tables(url) == before
    assert len(before["grade"]) == 9


def test_what_a_person_entered_survives_a_regrade(writer, url):
    writer.write([graded("amara", 0.0, 3.0)])
    person(url, "amara", "why", manual_score=3.5, extra_credit=0.5)
    person(url, "amara", "double_test", manual_score=1.0)
    with Gradebook(url, "numbers") as gradebook:
        gradebook.find_comment("why", kit.NAME, kit.NAME, "amara").manual_comment = "Well put."
        gradebook.find_submission(kit.NAME, "amara").extension = datetime.timedelta(days=2)
        gradebook.find_submission_notebook(kit.NAME, kit.NAME, "amara").flagged = True
        gradebook.db.commit()
    writer.write([graded("amara", 2.0, 0.0)])
    found = kit.marks(url)
    assert found[("amara", "why")] == (None, 3.5, False)
    assert found[("amara", "double_test")] == (
        2.0,
        1.0,
        True,
    )  # marked by hand, and the tests now say otherwise
    assert found[("amara", "total_test")] == (0.0, None, False)
    with Gradebook(url, "numbers") as gradebook:
        submission = gradebook.find_submission(kit.NAME, "amara")
        assert submission.score == 3.5 + 0.5 + 1.0
        assert submission.extension == datetime.timedelta(days=2)
        assert submission.notebooks[0].flagged
        assert gradebook.find_comment("why", kit.NAME, kit.NAME, "amara").comment == "Well put."


def test_a_person_is_asked_again_only_about_an_answer_that_changed(writer, url):
    writer.write([graded("amara")])
    person(url, "amara", "why", manual_score=4.0)
    writer.write([graded("amara", 0.0)])
    assert kit.marks(url)[("amara", "why")] == (None, 4.0, False)
    writer.write([graded("amara", 0.0, text="Another reason.")])
    assert kit.marks(url)[("amara", "why")] == (None, 4.0, True)


def test_an_answer_left_as_released_gets_no_points_and_waits_for_nobody(writer, url):
    writer.write([graded("amara", answered=("double",))])
    assert kit.marks(url)[("amara", "why")] == (0.0, None, False)
    with Gradebook(url, "numbers") as gradebook:
        comments = {
            one.name: one.comment
            for one in gradebook.find_submission_notebook(kit.NAME, kit.NAME, "amara").comments
        }
    assert comments == {"why": "No response.", "total": "No response.", "double": None}


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (Verdict("q", 2, math.nan, "passed"), "nan"),
        (Verdict("q", 2, math.inf, "passed"), "inf"),
        (Verdict("q", 2, -1, "passed"), "negative"),
        (Verdict("q", 2, 2.5, "passed"), "2.5 of 2"),
        (Verdict("q", 99, 99, "passed"), "99 of 2"),
        (Verdict("q", 2, True, "passed"), "bool"),
        (Verdict("q", 2, "2", "passed"), "str"),
        (Verdict("q", 2, None, "passed"), "NoneType"),
        (Verdict("q", 2, 2, "crashed"), "crashed"),
        (Verdict("q", 2, 2, "timeout"), "timeout"),
        (Verdict("other", 2, 2, "passed"), "not judged"),
    ],
)
def test_what_is_no_mark_becomes_zero_and_says_why(verdict, reason):
    scores, said = sound_scores(Result("amara", "hw", (verdict,)), {"q": 2.0})
    assert scores["q"][0] == 0
    assert len(said) == 1
    assert reason in said[0]


def test_a_question_judged_twice_gets_nothing():
    twice = (Verdict("q", 2, 0, "failed"), Verdict("q", 2, 2, "passed"))
    assert sound_scores(Result("amara", "hw", twice), {"q": 2.0})[0]["q"] == (
        0.0,
        "it was judged more than once",
    )


def test_part_of_the_points_is_a_mark():
    for status in ("passed", "failed"):
        scores = sound_scores(Result("a", "hw", (Verdict("q", 2, 0.5, status),)), {"q": 2.0})
        assert scores == ({"q": (0.5, "")}, [])


def test_no_unsound_score_reaches_the_gradebook(writer, url):
    bad = graded("amara")
    verdicts = (replace(bad.result.verdicts[0], score=math.nan), replace(bad.result.verdicts[2], score=1e9))
    said = writer.write([replace(bad, result=replace(bad.result, verdicts=verdicts))])
    assert kit.marks(url)[("amara", "double_test")][0] == 0
    assert kit.marks(url)[("amara", "total_test")][0] == 0
    assert any("nan" in one for one in said[("amara", kit.NAME)][1])


def test_late_penalties_are_those_of_the_course(tmp_path, url):
    due = datetime.datetime(2026, 3, 4, 12)
    kit.register(url, course_id="numbers", duedate=due)
    config = Config({"LateSubmissionPlugin": {"penalty_method": "zero"}})
    late, early = (datetime.datetime(2026, 3, 4, hour, tzinfo=UTC) for hour in (13, 11))
    with Writer(tmp_path, kit.NAME, url, "numbers", config) as writer:
        writer.write([graded("late", 2.0, 0.0, time=late), graded("early", time=early), graded("unknown")])

        def penalties():
            with Gradebook(url, "numbers") as gradebook:
                return {
                    one.student.id: one.late_submission_penalty or 0
                    for one in gradebook.notebook_submissions(kit.NAME, kit.NAME)
                }

        assert penalties() == {"late": 2.0, "early": 0, "unknown": 0}
        states = writer.written()
        with Gradebook(url, "numbers") as gradebook:
            assert gradebook.find_submission(kit.NAME, "late").total_seconds_late == 3600
            gradebook.grant_extension(kit.NAME, "late", hours=2)
        assert {one for one in states if writer.written()[one] != states[one]} == {("late", kit.NAME)}
        writer.write([graded("late", 2.0, 0.0, time=late)])
        assert penalties()["late"] == 0


def test_formgrader_finds_the_notebook_with_what_became_of_each_test(writer, tmp_path):
    writer.write([graded("amara", 2.0, 0.0, files={"data/x.txt": b"1", "../up.txt": b"no"})])
    folder = tmp_path / "autograded" / "amara" / kit.NAME
    book = nbformat.read(folder / f"{kit.NAME}.ipynb", as_version=4)
    nbformat.validate(book)
    cells = {cell.id: cell for cell in book.cells}
    assert cells["double"].outputs[0].text == "hello\n"
    assert cells["double_test"].outputs == []
    (error,) = cells["total_test"].outputs
    assert error.evalue == "the total is 6\nsum, not mean"
    assert (folder / "data" / "x.txt").read_bytes() == b"1"
    assert not (folder.parent / "up.txt").exists()
    assert "HIDDEN" not in (folder / f"{kit.NAME}.ipynb").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["data", f"{kit.NAME}.ipynb"]


def test_a_link_in_the_place_of_a_graded_notebook_is_replaced_not_followed(writer, tmp_path):
    folder = tmp_path / "autograded" / "amara" / kit.NAME
    folder.mkdir(parents=True)
    (tmp_path / "precious").write_text("mine")
    (folder / f"{kit.NAME}.ipynb").symlink_to(tmp_path / "precious")
    writer.write([graded("amara")])
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (folder / f"{kit.NAME}.ipynb").is_symlink()


def test_a_failure_in_the_middle_of_a_batch_writes_no_mark_of_it(writer, url, monkeypatch):
    monkeypatch.setattr(writer.rows, "penalty", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        writer.write([graded("amara"), graded("bjorn")])
    assert all(not rows for rows in tables(url).values())


def test_an_unknown_assignment_and_a_missing_database_say_what_to_do(tmp_path):
    with open_gradebook(kit.database(tmp_path)):
        pass
    with pytest.raises(GradebookError, match="cvgrade release hw"):
        Writer(tmp_path, kit.NAME)
    with pytest.raises(GradebookError, match=r"cannot be opened|not installed") as caught:
        Writer(tmp_path, kit.NAME, "postgresql+psycopg://me:secret@127.0.0.1:1/none?connect_timeout=2")
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_nbgraders_own_export_and_feedback_go_on_working(tmp_path):
    kit.course(tmp_path)
    with Writer(tmp_path, kit.NAME, kit.database(tmp_path), "numbers") as writer:
        writer.write([graded("amara", 2.0, 0.0)])
    person(kit.database(tmp_path), "amara", "why", manual_score=4.0)
    environment = {**kit.environment(), "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}

    def nbgrader(*words):
        line = [sys.executable, "-m", "nbgrader", *words]
        done = subprocess.run(
            line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr

    nbgrader("export")
    lines = (tmp_path / "grades.csv").read_text().splitlines()
    marks = dict(zip(lines[0].split(","), lines[1].split(",")))
    assert (marks["student_id"], float(marks["score"]), float(marks["max_score"])) == ("amara", 6.0, 9.0)
    nbgrader("generate_feedback", kit.NAME)
    page = (tmp_path / "feedback" / "amara" / kit.NAME / f"{kit.NAME}.html").read_text()
    assert "the total is 6" in page
    assert "43.0" not in page  # the hidden test


PNG = "iVBORw0KGgo="


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"text/html": "<script>alert(1)</script>", "text/plain": "<Frame>"}, {"text/plain": "<Frame>"}),
        ({"application/javascript": "alert(1)"}, {"text/plain": "(not shown here: application/javascript)"}),
        ({"image/svg+xml": "<svg onload='alert(1)'/>", "image/png": PNG}, {"image/png": PNG}),
        ({"image/png": '"><script>alert(1)</script>', "text/plain": "x"}, {"text/plain": "x"}),
        ({"text/markdown": "<img src=x onerror=alert(1)>", "text/plain": "y"}, {"text/plain": "y"}),
    ],
)
def test_formgrader_gets_no_output_that_a_browser_would_run(writer, tmp_path, data, shown):
    display = {"output_type": "display_data", "data": data, "metadata": {"image/png": {"alt": "<b>"}}}
    one = graded("amara", 2.0, 3.0)
    writer.write([replace(one, result=replace(one.result, outputs={"double": [display]}))])
    path = tmp_path / "autograded" / "amara" / kit.NAME / f"{kit.NAME}.ipynb"
    book = nbformat.read(path, as_version=4)
    (output,) = next(cell for cell in book.cells if cell.id == "double").outputs
    assert output.data == shown
    assert output.metadata == {}
