import http.server
import shutil
import threading

import numpy as np
import pytest

from cvlib.models import backbones, weights

FILE = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """An empty Keras cache, no mirror, and an address that refuses connections at once."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("CVLIB_MIRROR", raising=False)
    monkeypatch.setattr(weights, "ADDRESS", "http://127.0.0.1:9/")
    return tmp_path / "keras"


def test_imagenet_out_of_reach_is_an_error_that_says_what_to_do(keras_home):
    with pytest.raises(weights.WeightsUnavailableError, match=rf"keras-weights/{FILE}.*weights=None"):
        backbones.build("MobileNetV2", (32, 32, 3), weights="imagenet")


def test_auto_out_of_reach_says_so_in_one_sentence_and_goes_on(keras_home, capfd):
    _, source = backbones.build("MobileNetV2", (32, 32, 3), weights="auto")
    printed, errors = capfd.readouterr()
    assert source == "random"
    assert printed == (
        "The ImageNet weights of MobileNetV2 are out of reach: it starts from random weights.\n"
    )
    assert "Error" not in errors


def test_the_address_that_is_tried_is_that_of_the_file(keras_home, monkeypatch):
    tried = []
    monkeypatch.setattr(weights, "reachable", tried.append)
    backbones.build("NASNetMobile", (32, 32, 3), weights="auto")
    assert tried == [weights.ADDRESS + "tensorflow/keras-applications/nasnet/NASNet-mobile-no-top.h5"]


def test_none_asks_nobody(keras_home, monkeypatch):
    monkeypatch.setattr(weights, "reachable", None)
    assert backbones.build("MobileNetV2", (32, 32, 3), weights=None)[1] == "random"


@pytest.mark.real_data
def test_the_mirror_copy_is_put_in_the_cache_and_loaded_at_any_size(keras_home, mirror, monkeypatch, recwarn):
    monkeypatch.setenv("CVLIB_MIRROR", str(mirror))
    small, source = backbones.build("MobileNetV2", (32, 32, 3), weights="imagenet")
    full, _ = backbones.build("MobileNetV2", None, weights="auto")
    assert source == "imagenet"
    assert (keras_home / "models" / FILE).is_file()
    assert not list((keras_home / "models").glob("*.part"))
    for one, other in zip(small.get_weights(), full.get_weights()):
        np.testing.assert_array_equal(one, other)
    assert not [warning for warning in recwarn if "input_shape" in str(warning.message)]


@pytest.mark.real_data
def test_a_mirror_may_be_an_address(keras_home, mirror, monkeypatch):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(mirror))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("CVLIB_MIRROR", f"http://127.0.0.1:{server.server_port}")
    try:
        assert weights.provide(FILE, FILE).is_file()
    finally:
        server.shutdown()


def test_a_damaged_file_of_the_mirror_is_refused_by_name(keras_home, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "mirror" / "keras-weights"
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    monkeypatch.setenv("CVLIB_MIRROR", str(folder.parent))
    with pytest.raises(weights.WeightsUnavailableError):
        weights.provide(FILE, FILE)
    assert f"Refused keras-weights/{FILE}" in capsys.readouterr().out
    assert not list((keras_home / "models").iterdir())


@pytest.mark.real_data
def test_a_damaged_file_in_the_cache_is_replaced(keras_home, mirror, monkeypatch):
    monkeypatch.setenv("CVLIB_MIRROR", str(mirror))
    (keras_home / "models").mkdir(parents=True)
    whole = (mirror / "keras-weights" / FILE).read_bytes()
    (keras_home / "models" / FILE).write_bytes(whole[: len(whole) // 2])
    assert weights.provide(FILE, FILE).read_bytes() == whole


@pytest.mark.real_data
def test_a_download_is_checked_and_kept(keras_home, mirror, monkeypatch, tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    shutil.copyfile(mirror / "keras-weights" / FILE, folder / FILE)
    monkeypatch.setattr(weights, "ADDRESS", folder.as_uri() + "/")
    monkeypatch.setattr(weights, "reachable", lambda address: True)
    assert weights.provide(FILE, FILE).stat().st_size == (folder / FILE).stat().st_size


def test_a_download_of_something_else_leaves_nothing_behind(keras_home, monkeypatch, tmp_path):
    (tmp_path / FILE).write_bytes(b"<html>log in first</html>")
    monkeypatch.setattr(weights, "ADDRESS", tmp_path.as_uri() + "/")
    monkeypatch.setattr(weights, "reachable", lambda address: True)
    with pytest.raises(weights.WeightsUnavailableError, match="did not send the file"):
        weights.provide(FILE, FILE)
    assert not list((keras_home / "models").iterdir())


def test_an_address_that_never_answers_does_not_hold_the_lesson_up():
    import socket

    silent = socket.create_server(("127.0.0.1", 0))
    try:
        assert not weights.reachable(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.2)
    finally:
        silent.close()
