# ruff: noqa: E501  (cells read better on one line)
"""Models, layers, tensors, tables and figures across the wall."""

import pytest

pytestmark = pytest.mark.slow

BUILD = """
import keras
def build(side=16, units=1):
    model = keras.Sequential([keras.Input((side, side, 3))])
    model.add(keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="first"))
    model.add(keras.layers.BatchNormalization())
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(units, activation="sigmoid"))
    return model
model = build()
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
def transfer():
    base = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)
    base.trainable = False
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
"""
USES = {
    "a sequential model": (
        BUILD,
        "import keras, numpy as np\n"
        "assert isinstance(model, keras.Model) and isinstance(build(), keras.Sequential)\n"
        "assert model.count_params() == build().count_params() == 4 * 28 + 16 + 5\n"
        "assert model.layers[0].strides == (2, 2) and model.layers[0].name == 'first'\n"
        "assert [layer.__class__.__name__ for layer in model.layers][:2] == ['Conv2D', 'BatchNormalization']\n"
        "x = np.random.default_rng(0).random((8, 16, 16, 3), 'float32')\n"
        "assert model.predict(x, verbose=0).shape == (8, 1) and model(x).shape == (8, 1)\n"
        "loss, accuracy = model.evaluate(x, np.ones(8), verbose=0)\nassert 0 <= accuracy <= 1\n"
        "assert model.input_shape == (None, 16, 16, 3) and model.output_shape == (None, 1)\n"
        "assert len(model.get_weights()) == 8 and model.layers[0].get_weights()[0].shape == (3, 3, 3, 4)\n"
        "assert model is model and build() is not model",
    ),
    "the weights are those of the student's": (
        BUILD + "\nimport numpy as np\nmodel.layers[0].set_weights([np.full((3, 3, 3, 4), 0.5), np.arange(4.0)])\n"
        "def train():\n    model.layers[0].bias.assign([7, 7, 7, 7])",
        "import numpy as np\nassert (model.layers[0].get_weights()[1] == [0, 1, 2, 3]).all()\nkept = model\n"
        "train()\nassert (model.layers[0].get_weights()[1] == 7).all() and model is kept",
    ),
    "a nested, frozen model": (
        BUILD,
        "model = transfer()\nassert sum(v.shape.num_elements() if hasattr(v.shape, 'num_elements') else int(np.prod(v.shape)) for v in model.trainable_weights) == 1281\n"
        "assert model.count_params() == 411489 and not model.layers[1].trainable and len(model.layers[1].layers) > 100",
    ),
    "training in the tester": (
        BUILD,
        "import numpy as np\nm = build(8)\nm.compile('sgd', 'mse')\nx = np.random.random((8, 8, 8, 3))\n"
        "before = m.get_weights()[0]\nm.fit(x, np.ones(8), verbose=0)\nassert not (before == m.get_weights()[0]).all()",
    ),
    "a model with a class of the student's": (
        "import keras\nclass Twice(keras.layers.Layer):\n    def call(self, x): return 2 * x\n"
        "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n        self.dense = keras.layers.Dense(3)\n"
        "    def call(self, x): return self.dense(x)\n"
        "def build():\n    inputs = keras.Input((4,))\n    return keras.Model(inputs, Twice()(keras.layers.Dense(2)(inputs)))",
        "import keras, numpy as np\nmodel, net = build(), Net()\n"
        "assert isinstance(model, keras.Model) and isinstance(net, keras.Model) and isinstance(Twice(), keras.layers.Layer)\n"
        "assert model.count_params() == 10 and len(model.layers) == 3 and model.layers[1].units == 2\n"
        "assert model.predict(np.ones((5, 4)), verbose=0).shape == (5, 2) and net(np.ones((2, 4), 'float32')).shape == (2, 3)\n"
        "assert np.allclose(Twice()(np.ones((2, 2), 'float32')), 2) and model.layers[2].__class__.__name__ == 'Twice'\n"
        "assert issubclass(Twice, keras.layers.Layer)",
    ),
    "a layer": (
        "import keras\nlayer = keras.layers.Dense(3, activation='relu')\nlayer.build((None, 2))",
        "import keras\nassert isinstance(layer, keras.layers.Dense) and layer.units == 3\n"
        "assert layer.activation.__name__ == 'relu' and layer.kernel.shape == (2, 3)",
    ),
    "a model of the test's, given to the student": (
        "import keras\ndef freeze(model):\n    model.trainable = False\n    return model\ndef size(model): return model.count_params()",
        "import keras\nm = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n"
        "assert size(m) == 8 and freeze(m).trainable_weights == [] and len(m.trainable_weights) == 2",
    ),
    "tensors and variables": (
        "import tensorflow as tf\ndef f(x): return tf.cast(x, tf.float32) * 2\nv = tf.Variable([1.0, 2.0])\n"
        "def text(): return tf.constant(['a', 'b'])\ndef b16(): return tf.constant([1.5], tf.bfloat16)\ndef kind(x): return x.dtype",
        "import tensorflow as tf, numpy as np\nassert isinstance(f([1, 2]), tf.Tensor) and np.allclose(f(tf.constant([1, 2])), [2, 4])\n"
        "assert f(3).dtype == tf.float32 and np.allclose(v, [1, 2]) and text().numpy().tolist() == [b'a', b'b']\n"
        "assert b16().dtype == tf.bfloat16 and kind(tf.constant(1)) == tf.int32",
    ),
    "a tf.data pipeline": (
        "import tensorflow as tf\nds = tf.data.Dataset.from_tensor_slices((tf.range(6), tf.range(6) * 2)).batch(2)",
        "import tensorflow as tf\nassert isinstance(ds, tf.data.Dataset) and len(ds) == 3\n"
        "x, y = next(iter(ds))\nassert x.shape == (2,) and y.numpy().tolist() == [0, 2]\nassert [len(a) for a, b in ds] == [2, 2, 2]",
    ),
    "a loss of the student's": (
        "import keras\ndef loss(t, p): return keras.ops.mean(keras.ops.square(t - p))",
        "import keras, numpy as np\nassert np.isclose(loss(np.zeros(2), np.ones(2)), 1)\n"
        "m = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])\nm.compile('sgd', 'mse')\n"
        "assert m.evaluate(np.ones((2, 1)), np.ones(2), verbose=0) >= 0",
    ),
    "tables": (
        "import pandas as pd\nframe = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y'], 'c': [0.5, None]}, index=['p', 'q'])\n"
        "series = frame['a']\ndef f(t): return t.groupby('b')['a'].sum()",
        "import pandas as pd\nassert isinstance(frame, pd.DataFrame) and list(frame.columns) == ['a', 'b', 'c']\n"
        "assert frame.loc['q', 'a'] == 2 and frame['b'].tolist() == ['x', 'y'] and frame['c'].isna().sum() == 1\n"
        "assert series.sum() == 3 and f(pd.DataFrame({'a': [1, 2, 3], 'b': list('xxy')})).to_dict() == {'x': 3, 'y': 3}",
    ),
    "pictures": (
        "from PIL import Image\nimport numpy as np\ndef f(array): return Image.fromarray(array).resize((4, 2))",
        "import numpy as np\nfrom PIL import Image\ngot = f(np.full((8, 8, 3), 9, 'uint8'))\n"
        "assert isinstance(got, Image.Image) and got.size == (4, 2) and (np.asarray(got) == 9).all()",
    ),
    "figures": (
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2], label='loss')\nax.set_xlabel('epoch')",
        "assert ax.get_xlabel() == 'epoch' and len(ax.lines) == 1 and ax.lines[0].get_ydata().tolist() == [1, 2]\n"
        "assert fig.axes[0].get_legend_handles_labels()[1] == ['loss']",
    ),
    "a history": (
        BUILD + "\nimport numpy as np\nhistory = model.fit(np.ones((4, 16, 16, 3)), np.ones(4), epochs=2, verbose=0)",
        "assert len(history.history['loss']) == 2 and set(history.history) == {'loss', 'accuracy'}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_it_answers_as_in_one_process(keras_judge, use):
    solution, test = USES[use]
    verdict = keras_judge.one(solution, "import numpy as np\n" + test, solution=solution)
    assert verdict.status == "passed", verdict.message


CHEATS = {
    "patched evaluate": "keras.Model.evaluate = keras.Sequential.evaluate = lambda self, *a, **k: [0.0, 1.0]",
    "patched predict": "keras.Model.predict = keras.Sequential.predict = lambda self, x, **k: (x.mean((1, 2, 3)) > 0.5) * 1.0",
    "patched metric": "keras.metrics.Accuracy.result = keras.metrics.Mean.result = lambda self: 1.0",
    "patched counting": "keras.Sequential.count_params = keras.Model.count_params = lambda self: 4711",
    "a lying class": """
class Net(keras.Sequential):
    def evaluate(self, *a, **k): return [0.0, 1.0]
    def count_params(self): return 4711
model = Net(model.layers)""",
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_patched_keras_changes_nothing_in_the_tester(keras_judge, cheat):
    test = (
        "import keras, numpy as np\nrng = np.random.default_rng(1)\nx = rng.random((64, 16, 16, 3), 'float32')\n"
        "y = rng.integers(0, 2, 64)\nassert model.evaluate(x, y, verbose=0)[1] > 0.9"
    )
    verdict = keras_judge.one(BUILD + CHEATS[cheat], test, solution=BUILD)
    assert verdict.score == 0


CONFIGS = {
    "a Lambda": "keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])",
    "a layer that reads a file": "keras.Sequential([keras.Input((1,), dtype='string'), keras.layers.StringLookup(vocabulary=['a'])])",
}


@pytest.mark.parametrize("config", CONFIGS)
def test_a_model_that_runs_code_or_reads_files_stays_behind_a_handle(keras_judge, config):
    answer = f"import keras\nmodel = {CONFIGS[config]}"
    test = "import keras\nassert isinstance(model, keras.Model)\nassert type(model) is not keras.Sequential"
    verdict = keras_judge.one(answer, test, solution="model = None", before="import keras")
    assert verdict.status == "passed", verdict.message


def test_a_model_known_only_by_its_own_word_is_noted_for_the_instructor(keras_judge, book):
    test = ("test", "t", "assert model.count_params() > 0", 1)
    source = book(("solution", "q", BUILD), test)
    assert keras_judge(source).notes == ()
    (note,) = keras_judge(source, {"q": BUILD + CHEATS["a lying class"]}).notes
    assert "Net" in note


def test_figures_are_kept_with_their_alternative_text(keras_judge, book):
    text = (
        "import matplotlib.pyplot as plt\nfrom IPython.display import display\nfig, ax = plt.subplots(figsize=(2, 2))\n"
        "ax.plot([1, 2])\nplt.show()\ndisplay(fig, metadata={'image/png': {'alt': 'a line'}})"
    )
    result = keras_judge(book(("solution", "a", text), ("test", "t", "assert True", 1)))
    shown = [output for output in result.outputs["a"] if output["output_type"] == "display_data"]
    assert len(shown) >= 2
    assert all(output["data"]["image/png"].startswith("iVBOR") for output in shown)
    assert shown[-1]["metadata"]["image/png"]["alt"] == "a line" or shown[0]["metadata"].get("image/png")


def test_every_submission_starts_from_the_same_seed(keras_judge, book):
    source = book(
        (
            "solution",
            "a",
            "import random, numpy as np, keras\nx = (random.random(), np.random.rand(), float(keras.random.normal(())))",
        ),
        ("test", "t", "print(x)\nraise AssertionError(repr(x))", 1),
    )
    first, second = (keras_judge(source).verdicts[0].message for _ in range(2))
    assert first == second
    assert first.startswith("AssertionError: (")
