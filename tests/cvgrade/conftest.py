"""Kits that can be imported by their names, and a station for all tests that judge."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def station():
    """A station with NumPy."""
    import judge_kit

    with judge_kit.start(libraries=("numpy",)) as started:
        yield started


@pytest.fixture(scope="session")
def judge(station):
    import judge_kit

    return judge_kit.Judge(station)
