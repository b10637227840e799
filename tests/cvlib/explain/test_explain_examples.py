import doctest
import importlib

import pytest


@pytest.mark.parametrize("module", ["activations", "forward", "gradcam", "receptive_field"])
def test_the_examples_in_the_docstrings_hold(module):
    results = doctest.testmod(importlib.import_module(f"cvlib.explain.{module}"))
    assert results.attempted
    assert not results.failed
