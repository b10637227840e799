"""A class that was graded, put together without running anything; and a strict reader of pages."""

import base64
import hashlib
import re
import struct
import zlib
from html.parser import HTMLParser

import class_kit as kit

from cvgrade.gradebook import Graded
from cvgrade.run.coursework import Course
from cvgrade.run.journal import Journal, journal_path
from cvgrade.run.plan import Result, Verdict

VOID = {"meta", "img", "br", "hr", "rect", "line", "circle"}
FRAME = {"html", "head", "body", "title", "style", "meta", "header", "main", "footer", "section", "nav"}
DRAWN = {"svg", "rect", "line", "circle", "text"}
TEXT = """
a abbr b bdi blockquote br caption cite code dd del details div dl dt em figure h1 h2 h3 h4 h5 h6 hr i img ins
kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var
"""
ELEMENTS = FRAME | DRAWN | set(TEXT.split())
ATTRIBUTES = """
class id lang charset http-equiv content name href rel src alt scope colspan rowspan start title tabindex role
aria-labelledby aria-label aria-hidden viewbox preserveaspectratio width height x y x1 x2 y1 y2 cx cy r rx
text-anchor
"""


class Reader(HTMLParser):
    """Reads a page: every element and attribute, the text, and that every element is closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.open, self.words, self.style = [], [], [], [], ""
        self.comments = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        assert len(dict(attributes)) == len(attributes), f"an attribute twice in {tag}"
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in VOID
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open[-1:] == ["style"]:
            self.style += data
        else:
            self.words.append(data)

    def handle_comment(self, data):
        self.comments.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def check_harmless(text):
    """Assert that a page can do nothing, and give its `Reader`."""
    page = Reader(text)
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    assert {name for _, name, _ in page.attributes} <= set(ATTRIBUTES.split())
    assert not page.comments
    assert len(page.all("style")) == 1
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    sealed = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{sealed}'; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"url\(|@import|expression|behavior:", page.style)
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for tag, name, value in page.attributes:
        if name == "src":
            assert tag == "img"
            assert re.fullmatch(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+", value)
        if name == "href":
            assert tag == "a"
            if value.startswith("#"):
                assert value[1:] in ids
            else:
                assert re.match(r"(https?://|mailto:|(\.\./)*feedback/[\w.@%+/-]+\.html$)", value)
    for link in page.all("a"):
        assert link.get("href", "#").startswith(("#", "../feedback/")) or "noopener" in link["rel"]
    for picture in page.all("img"):
        assert "src" not in picture or picture.get("alt", "").strip() or picture.get("alt") == ""
    assert page.all("html")[0]["lang"]
    assert any(meta.get("name") == "viewport" for meta in page.all("meta"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    return page


def png(width=2, height=2):
    """A picture as base64."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = zlib.compress((b"\0" + b"\x80" * width) * height if width * height < 10_000 else b"\0")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")).decode()


def verdicts(double=2.0, total=3.0, message="", hint="", status="failed"):
    """What the tests say of a submission to `class_kit`'s assignment."""
    made = []
    for name, score, most in (("double_test", double, 2.0), ("total_test", total, 3.0)):
        passed = score == most
        made.append(
            Verdict(
                name, most, score, "passed" if passed else status, *(("", "") if passed else (message, hint))
            )
        )
    return (made[0], Verdict("why", 4.0, 0.0, "manual"), made[1])


def result(student, judged=None, outputs=None, **more):
    return Result(student, kit.NAME, judged or verdicts(), outputs or {}, seconds=1.5, **more)


def record(made, **more):
    """A record as a run keeps it."""
    answered = ["double", "total", "why"]
    return {"changes": [], "questions": [], "answered": answered, "result": made.to_json(), **more}


def keep(root, results, **more):
    """Write results to the journal and the gradebook, as a run does. `results`: list of `Result`."""
    course = Course(root, kit.NAME)
    units = {unit.student: unit for unit in course.units(None, _Said())}
    graded, lines = [], []
    for made in results:
        unit = units[made.student]
        _, book, files, _ = course.job(unit)
        graded.append(
            Graded(made.student, made, book, files, unit.time, frozenset({"double", "total", "why"}))
        )
        lines.append((unit.key, made.student, kit.NAME, record(made, **more.get(made.student, {}))))
    with Journal(journal_path(root, kit.NAME)) as journal, course.writer() as writer:
        journal.add(lines)
        writer.write(graded)


class _Said:
    def __init__(self):
        self.look, self.failed = [], []
