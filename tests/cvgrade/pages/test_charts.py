import random
from xml.etree import ElementTree

import pytest

from cvgrade.pages import charts

HOSTILE = "<script>alert(1)</script>\"'&]]>\u202e"


def test_bins_count_every_value_once_in_the_bin_that_holds_it():
    rng = random.Random(3)
    for _ in range(200):
        most = rng.choice([1, 5, 9, 40, 100, 0.3])
        values = [rng.choice([0, most, most / 2, rng.uniform(0, most)]) for _ in range(rng.randint(1, 40))]
        made = charts.bins(values, most)
        assert sum(count for *_, count in made) == len(values)
        assert made[0][0] == 0
        assert made[-1][1] >= most - 1e-9
        for low, high, count in made[:-1]:
            assert count == sum(low - 1e-7 * most <= value < high - 1e-7 * most for value in values)


@pytest.mark.parametrize("values", [[], [0.0], [0.0, 0.0], [1e-9], [1e12, 1]])
def test_odd_classes_have_bins_too(values):
    made = charts.bins(values)
    assert sum(count for *_, count in made) == len(values)
    ElementTree.fromstring(charts.histogram(made, "x", "y"))


def test_charts_are_sound_xml_and_say_what_they_show_whatever_their_texts_hold():
    for drawing in (
        charts.histogram([(0, 1, 3), (1, 2, 0)], HOSTILE, HOSTILE, [(1, HOSTILE)]),
        charts.questions([(HOSTILE, 0.5, -0.2), ("b", None, None), ("c", 1, 1)], HOSTILE),
        charts.bar(0.5),
        charts.bar(7),
    ):
        root = ElementTree.fromstring(drawing)
        assert {part.tag for part in root.iter()} <= {"svg", "title", "rect", "line", "circle", "text"}
        assert not any(
            name.startswith("on") or name == "style" for part in root.iter() for name in part.attrib
        )
        if root.get("aria-hidden") is None:
            assert root.get("role") == "img"
            assert root.get("aria-label") == root.find("title").text == HOSTILE


def test_bars_are_as_long_as_their_shares_and_stay_in_their_frame():
    for share, width in ((-1, 0), (0, 0), (0.25, 25), (1, 100), (3, 100)):
        assert float(ElementTree.fromstring(charts.bar(share))[1].get("width")) == width
