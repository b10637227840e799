"""Names and archives made by chance: nothing gets out of its folder, nothing ends in a traceback."""

import os
import unicodedata
from pathlib import Path

import course_kit as kit
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cvgrade.intake.collect import CollectError, collect
from cvgrade.intake.names import NameRefused, clean_path, is_id, look, make_id, path_key, shown
from cvgrade.intake.roster import same_name

NAMES = st.text(st.sampled_from("ab.．/\\:*\n\0 ‮é\u0301～~CON‥／Ａ\u200b"), max_size=20)


@given(st.one_of(NAMES, st.text(max_size=60)))
@example("‥/x")
@example("a/．．/．．/b")
@example(" ../x")
@example("..\u200b/x")
@example(".. /x")
@example("a/. ./x")
def test_no_name_leads_out_of_its_folder(name):
    try:
        parts = clean_path(name)
    except NameRefused:
        return
    root = Path("/place/of/it")
    inside = os.path.normpath(root.joinpath(*parts))
    assert inside.startswith("/place/of/it/")
    for part in parts:
        assert part == part.strip()
        assert part not in (".", "..")
        assert not set(part) & set('/\\:*?"<>|\0\n\r')
        assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in part)
        assert len(part.encode()) <= 200
    assert clean_path("/".join(parts)) == parts
    assert path_key(parts) == path_key([part.upper() for part in parts]) or not "".join(parts).isascii()


@given(st.text(max_size=120), st.text("0123456789", max_size=12))
def test_an_id_that_is_made_is_an_id(name, number):
    try:
        made = make_id(name, number)
    except NameRefused:
        return
    assert is_id(made)
    assert clean_path(made) == (made,)
    assert made == make_id(made)


@given(st.text(max_size=300))
def test_a_strangers_text_stays_on_its_line(text):
    assert shown(text).isprintable()
    assert len(shown(text)) <= 120


@pytest.mark.parametrize(
    ("text", "good"),
    [
        *((good, True) for good in ("jane", "jane.doe+cv@example.edu", "吳琳", "a b")),
        *((bad, False) for bad in ("a  b", " a", "-rf", ".hidden", "a*", "a/b", "=1", "ａ", "", "a,b", "a.")),
        ("x" * 101, False),
        (7, False),
    ],
)
def test_ids_are_what_every_system_can_hold(text, good):
    assert is_id(text) is good


def test_twins_look_the_same_and_neighbours_do_not():
    assert look("alice") == look("Alice") == look("аlісе") == look("ａｌｉｃｅ")
    assert len({look(name) for name in ("jl123", "ji123", "j1123", "ali", "all", "o1", "01")}) == 7


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [("Doe, Jane", "doejane", True), ("Jane Doe", "Doe, Jane", True), ("JANE_DOE", "jane doe", True),
     ("Öberg, Åsa", "öbergåsa", True), ("Jane", "Jane Doe", False), ("", "", False), ("!", "?", False)],
)  # fmt: skip
def test_spellings_of_one_name_are_one(first, second, same):
    assert same_name(first, second) is same


WHOLE = kit.zip_bytes(
    {
        "amara/hw.ipynb": kit.text_of(kit.answered()),
        "bjorn.zip": kit.zip_bytes({"hw.ipynb": kit.text_of(kit.answered()), "d.csv": "1"}),
        "chen/data.bin": bytes(range(256)) * 20,
    }
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=12),
    st.one_of(st.none(), st.integers(0, len(WHOLE))),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8),
)
def test_damaged_archives_end_in_a_sentence_and_write_nothing_elsewhere(
    tmp_path_factory, bytes_at, cut, near_end
):
    data = bytearray(WHOLE)
    for at, value in bytes_at:
        data[at] = value
    for back, value in near_end:  # the directory stands at the end
        data[-1 - back] = value
    folder = tmp_path_factory.mktemp("fuzz")
    course = kit.course(folder / "course")
    (folder / "in.zip").write_bytes(data[:cut])
    before = {path for path in folder.rglob("*") if course not in path.parents}
    try:
        report = collect("hw", folder / "in.zip", course)
    except CollectError as error:
        problem = str(error)
    else:
        problem = None
        assert report.exit_code in (0, 1, 3)
        assert report.text()
        for path in (course / "submitted").rglob("*"):
            relative = path.relative_to(course / "submitted")
            assert is_id(relative.parts[0])
            assert len(relative.parts) == 1 or relative.parts[1] == "hw"
    assert problem is None or shown(problem)
    assert {path for path in folder.rglob("*") if course not in path.parents} == before
