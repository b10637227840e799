"""A station with Keras for the attacks, and the mark that says which attack a test is."""

import sys
from pathlib import Path

import judge_kit
import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "intake"), str(HERE.parent / "pages")]


def pytest_configure(config):
    config.addinivalue_line("markers", "attack(number): which attack of `attack_list.ATTACKS` this is")


@pytest.fixture(scope="session")
def keras_judge(station):
    """A judge whose station has loaded Keras."""
    with judge_kit.start(libraries=("numpy", "tensorflow", "keras")) as started:
        yield judge_kit.Judge(started)


@pytest.fixture(scope="session")
def book():
    return judge_kit.notebook


@pytest.fixture
def bystander(judge):
    """After the attack another submission is judged as if nothing had been."""
    yield
    verdict = judge.one("def f(x): return 2 * x + 1", "import numpy as np\nassert np.allclose(f(1.0), 3)")
    assert verdict.status == "passed", verdict


@pytest.fixture
def tell(record_property):
    """Say in a few words what ours gave, for the table of `make attack`."""
    return lambda text: record_property("ours", text)
