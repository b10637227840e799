import pytest

from cvlib.models.transfer import advise


@pytest.mark.parametrize(
    ("images", "similar", "scenario", "frozen"),
    [
        (700, True, "small and similar", 1.0),
        (700, False, "small and different", 1.0),
        (8_000, True, "large and similar", 0.75),
        (8_000, False, "large and different", 0.5),
        (200_000, True, "large and similar", 0.0),
        (200_000, False, "large and different", 0.0),
    ],
)
def test_each_scenario_and_size_has_its_advice(images, similar, scenario, frozen):
    advice = advise(images=images, similar=similar)
    assert (advice.scenario, advice.frozen) == (scenario, frozen)
    assert str(advice).startswith(f"{scenario}: {advice.way}, {frozen:.0%}")
    assert advice.reason.endswith(".")


def test_the_three_size_rules_differ_and_go_by_images_a_class():
    rules = [advise(images=count, similar=True).size_rule for count in (100, 5_000, 100_000)]
    assert len(set(rules)) == 3
    assert advise(images=5_000, similar=True, classes=10).size_rule == rules[0]


def test_more_images_never_mean_more_frozen_layers():
    for similar in (True, False):
        shares = [advise(images=10**power, similar=similar).frozen for power in range(7)]
        assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": 0, "similar": True}, "images must be at least 1"),
        ({"images": 10, "similar": "yes"}, "True or False, got 'yes'"),
        ({"images": 10, "similar": True, "classes": 0}, "classes must be at least 1"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        advise(**arguments)
