"""The one-line set-up of a lesson."""

import os
import subprocess
import sys

import pytest

from cvlib import runtime


def test_fast_mode_follows_the_environment(monkeypatch, capsys):
    for value, expected in (("1", True), ("0", False)):
        monkeypatch.setenv("CVLIB_FAST", value)
        run = runtime.setup(seed=3)
        assert run.fast is expected
        assert run.pick(fast="small", full="large") == ("small" if expected else "large")
    assert "full size" in capsys.readouterr().out


def test_an_unclear_flag_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("CVLIB_FAST", "maybe")
    with pytest.raises(ValueError, match="CVLIB_FAST must be 0 or 1, got 'maybe'"):
        runtime.setup()


def test_the_seed_makes_weights_repeatable():
    import keras
    import numpy as np

    weights = []
    for _ in range(2):
        runtime.setup(seed=5)
        layer = keras.layers.Dense(3)
        layer.build((None, 4))
        weights.append(keras.ops.convert_to_numpy(layer.kernel))
    assert np.array_equal(*weights)


def test_setup_prints_one_line_and_nothing_on_stderr():
    program = "import cvlib; cvlib.setup(seed=0)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.count("\n") == 1
    assert "seed 0" in run.stdout
    assert run.stderr == ""


def test_what_native_code_wrote_is_shown_if_the_block_fails(capsys):
    def block():
        with runtime.quiet_stderr():
            os.write(2, b"the reason")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        block()
    assert "the reason" in capsys.readouterr().err


def test_training_resumes_after_an_interruption(monkeypatch, tmp_path):
    import keras
    import numpy as np

    monkeypatch.setenv("CVLIB_HOME", str(tmp_path))
    run = runtime.setup(seed=0)
    x, y = np.random.default_rng(0).random((32, 4), "float32"), np.zeros((32, 1))

    class Disconnect(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise ConnectionError

    def model():
        keras.utils.set_random_seed(0)
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        made.compile("adam", "mse")
        return made

    with pytest.raises(ConnectionError):
        model().fit(x, y, epochs=4, verbose=0, callbacks=[run.checkpoint("t"), Disconnect()])
    resumed = model().fit(x, y, epochs=4, verbose=0, callbacks=[run.checkpoint("t")])
    assert resumed.epoch == [2, 3]
