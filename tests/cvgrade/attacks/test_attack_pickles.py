# ruff: noqa: E501  (submissions read better on one line)
"""Attack 38, and 5 again: pickles and programs dressed as data, wherever a file or a value is read."""

import pickle

import course_kit
import pytest

from cvgrade.intake.collect import collect
from cvgrade.run import wire

pytestmark = pytest.mark.usefixtures("bystander")
BOMB = """
import os, pickle, numpy as np
class Bomb:
    def __reduce__(self): return (os.system, ('touch /tmp/harm',))
"""
HARM = "import os\nassert not os.path.exists('/tmp/harm'), 'it ran'\n"
READERS = {
    "np.load": (
        "np.save('x.npy', np.array([Bomb()], dtype=object), allow_pickle=True)",
        "import numpy as np\nx = np.load('x.npy', allow_pickle=True)",
    ),
    "np.load of an archive": (
        "np.savez('x.npz', a=np.array([Bomb()], dtype=object))",
        "import numpy as np\nx = np.load('x.npz', allow_pickle=True)['a']",
    ),
    "pickle": (
        "with open('x.pkl', 'wb') as file: pickle.dump(Bomb(), file)",
        "import pickle\nx = pickle.load(open('x.pkl', 'rb'))",
    ),
    "pickle in Python": (
        "with open('x.pkl', 'wb') as file: pickle.dump(Bomb(), file)",
        "import pickle\nx = pickle._Unpickler(open('x.pkl', 'rb')).load()",
    ),
    "an old protocol": (
        "with open('x.pkl', 'wb') as file: file.write(b\"cposix\\nsystem\\n(S'touch /tmp/harm'\\ntR.\")",
        "import pickle\nx = pickle.load(open('x.pkl', 'rb'))",
    ),
    "shelve": (
        "import shelve\nwith shelve.open('x') as found: found['a'] = Bomb()",
        "import glob, shelve\nx = shelve.open('x')['a']",
    ),
    "marshal": (
        "import marshal\nwith open('x.bin', 'wb') as file: marshal.dump(compile('1', '', 'eval'), file)",
        "import marshal\nx = marshal.load(open('x.bin', 'rb'))",
    ),
}


@pytest.mark.attack(38)
@pytest.mark.parametrize("reader", READERS)
def test_a_pickle_that_is_handed_in_is_not_read(judge, tell, reader):
    write, read = READERS[reader]
    verdict = judge.one(f"{BOMB}{write}\nx = 1", f"try:\n    {read.replace(chr(10), chr(10) + '    ')}\nfinally:\n"
                        "    import os\n    assert not os.path.exists('/tmp/harm'), 'it ran'", before=" ", solution="y = 1")  # fmt: skip
    assert verdict.score == 0
    assert "are not read" in verdict.message, verdict
    tell("refused in words")


@pytest.mark.attack(38)
def test_what_pickles_itself_does_not_cross_as_an_object(judge):
    """Reducing is never asked for: an object with a reducer of its own stays behind its handle."""
    answer = f"{BOMB}def f(x): return [Bomb(), {{'a': Bomb()}}, np.array([Bomb()], dtype=object)]"
    test = f"found = f(1)\nassert len(found) == 3 and type(found[0]).__name__ == 'Bomb'\n{HARM}"
    assert judge.one(answer, test).status == "passed"


@pytest.mark.attack(38)
def test_bytes_of_a_pickle_on_the_wire_are_no_message():
    import socket

    here, there = socket.socketpair()
    with here, there:
        there.sendall(pickle.dumps({"seq": 1, "ok": 1}) + bytes(64))
        with pytest.raises(wire.WireError):
            wire.receive(here)


@pytest.mark.attack(38)
def test_a_collected_pickle_stays_a_file(tmp_path, monkeypatch):
    """Nothing in the intake opens what is handed in beside the notebook."""

    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    course = course_kit.course(tmp_path / "course")
    data = pickle.dumps(Bomb())
    download = {
        "amara/hw.ipynb": course_kit.text_of(course_kit.answered()),
        "amara/x.pkl": data,
        "b/hw.ipynb": data,
    }
    (tmp_path / "in.zip").write_bytes(course_kit.zip_bytes(download))
    collect("hw", tmp_path / "in.zip", course)
    assert (course / "submitted/amara/hw/x.pkl").read_bytes() == data
    assert not (tmp_path / "harm").exists()


MODELS = {
    "a Lambda": "model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 0 * len(open('/tmp/harm', 'w').name))])\nmodel.save('m.keras')",
    "a Lambda in the old format": "model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 0 * len(open('/tmp/harm', 'w').name))])\nmodel.save('m.h5')\nimport os; os.rename('m.h5', 'm.keras')",
    "a function of os": "CONFIG",
}
FUNCTION = """
import io, json, zipfile
config = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [
    {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 2], "name": "i"}, "registered_name": None},
    {"module": "keras.layers", "class_name": "Activation", "registered_name": None, "config": {"name": "a",
     "activation": {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}}},
    {"module": "builtins", "class_name": "function", "config": "exec", "registered_name": "function"}]}}
with zipfile.ZipFile('m.keras', 'w') as archive:
    archive.writestr('config.json', json.dumps(config))
    archive.writestr('metadata.json', json.dumps({"keras_version": keras.__version__, "date_saved": ""}))
    archive.writestr('model.weights.h5', b'')
"""


@pytest.mark.slow
@pytest.mark.attack(38)
@pytest.mark.parametrize("model", MODELS)
def test_a_model_file_that_runs_code_is_not_loaded(keras_judge, tell, model):
    answer = "import keras\n" + MODELS[model].replace("CONFIG", FUNCTION)
    test = (
        "import keras, os\ntry:\n    model = keras.models.load_model('m.keras')\n    model(keras.ops.ones((1, 2)))\n"
        "finally:\n    assert not os.path.exists('/tmp/harm'), 'it ran'"
    )
    verdict = keras_judge.one(answer, test, solution="y = None")
    assert (verdict.status, verdict.score) == ("error", 0), verdict
    assert "it ran" not in verdict.message
    tell("refused by Keras' safe mode")
