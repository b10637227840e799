"""What all tests of running share beside the station: models, notebooks in a few lines."""

import judge_kit
import pytest

from cvgrade.run.plan import plan


@pytest.fixture(scope="session")
def wall(station):
    """There is a sandbox here."""


@pytest.fixture(scope="session")
def keras_judge(wall):
    """A judge whose station has loaded TensorFlow, Keras, matplotlib and pandas."""
    with judge_kit.start(libraries=("numpy", "tensorflow", "keras", "matplotlib", "pandas")) as started:
        yield judge_kit.Judge(started)


@pytest.fixture(scope="session")
def book():
    return judge_kit.notebook


@pytest.fixture(scope="session")
def judge_on():
    """A judge on a given station."""
    return judge_kit.Judge


@pytest.fixture(scope="session")
def job():
    """A job that any station can judge."""
    source = judge_kit.one_question("x = 1", "assert x == 1")
    return plan(source, judge_kit.one_question("x = 1", ""), "amara")
