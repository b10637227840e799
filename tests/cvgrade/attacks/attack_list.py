# ruff: noqa: E501  (submissions read better on one line)
"""The attacks by number, and the submissions that change the student's own interpreter.

Where stock nbgrader can be run on an attack without harm, `SUBMISSIONS` holds it: the same text is handed to
nbgrader (see `nbgrader_column`) and to the isolated grader.
"""

ATTACKS = {
    1: "no-op input transformer",
    2: "AST transformer that drops assert",
    3: "object whose __eq__ is always true",
    4: "patched np.allclose and np.testing",
    5: "submitted numpy.py, unittest.py, sitecustomize.py",
    6: "redefined builtins and course helpers",
    7: "ndarray, float, tensor with lying operators",
    8: "replaced showtraceback",
    9: "set_custom_exc",
    10: "patched run_cell",
    11: "a thread that patches between cells",
    12: "patched keras evaluate, predict, metrics",
    13: "answers hard-coded for the visible tests",
    14: "displayhook forging partial credit",
    15: "a score that is NaN",
    16: "a score that is negative",
    17: "a score that is text",
    18: "a score that is over-full",
    19: "results and messages forged in the folder",
    20: "reading source, gradebook, home, environment",
    21: "reading In, callers' frames and globals",
    22: "failing on purpose to print the test",
    23: "behaving otherwise when graded",
    24: "HTTP, DNS, raw sockets, metadata, loopback",
    25: "writing gradebook, others' work, the packages",
    26: "symlinks and hard links handed in",
    27: "zip-slip, odd names, a 10 GB bomb",
    28: "a false or malformed timestamp.txt",
    29: "edited points, moved, stripped, broken cells",
    30: "endless loops, os._exit, kill -9 of all",
    31: "20 MB on one line, floods of output",
    32: "memory, fork, thread, file, disk bombs",
    33: "a daemon that would outlive grading",
    34: "killing, tracing, feeding the graders",
    35: "malformed, huge, endless, late replies",
    36: "script and style injection in the pages",
    37: "formula injection in exports",
    38: "a pickle wherever a file is read",
}

SOLUTION = "def f(x):\n    return 2 * x + 1"
WRONG = "def f(x):\n    return 2 * x"
HELPER = "import numpy as np\n\n\ndef close(a, b):\n    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b))"
HIDDEN_LINE = "assert f(20) == 41, 'f(20) must be 41'"
TESTS = {
    "equal": "assert f(1) == 3",
    "abs": "assert abs(f(2.5) - 6) < 1e-9",
    "swapped": "assert abs(6 - f(2.5)) < 1e-9",
    "allclose": "assert np.allclose(f(np.array([1.0, 2.0])), [3, 5])",
    "testing": "np.testing.assert_allclose(f(np.arange(5.0)), 2 * np.arange(5.0) + 1)",
    "all": "assert np.all(np.abs(f(1) - np.array([3, 3])) < 1e-6)",
    "helper": "assert close(f(4), 9)",
    "hidden": f"assert f(1) is not None\n### BEGIN HIDDEN TESTS\n{HIDDEN_LINE}\n### END HIDDEN TESTS",
    "score": "2 * f(1) / 3",
}
POINTS = {**dict.fromkeys(TESTS, 1.0), "score": 2.0}
FULL = sum(POINTS.values())
WRONG_MARKS = 4 / 3  # of the score, as f(1) is 2 where it should be 3: honestly earned

SHELL = "ip = get_ipython()\n"
LYING = """
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def __abs__(self): return 0.0
    def __lt__(self, other): return True
    __le__ = __lt__
    __hash__ = None"""
DROP = """import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
"""
WIPE = f"{DROP}get_ipython().ast_transformers.append(Drop())"
LIAR_FILE = """
def allclose(*a, **k): return True
array = arange = abs = all = lambda *a, **k: 0
class testing:
    assert_allclose = lambda *a, **k: None
"""

SUBMISSIONS = {  # number -> name -> (text of the answer, files)
    1: {
        "": (f"{WRONG}\n{SHELL}ip.input_transformers_cleanup.append(lambda lines: ['pass\\n'])", {}),
    },
    2: {"": (f"{WRONG}\n{WIPE}", {})},
    3: {
        "": (
            f"class Equal:{LYING}\n    def __float__(self): return 0.0\n    def __bool__(self): return True\n"
            "def f(x): return Equal()",
            {},
        ),
    },
    4: {
        "": (
            "import numpy as np\nnp.allclose = np.isclose = np.array_equal = lambda *a, **k: True\n"
            f"np.testing.assert_allclose = np.all = lambda *a, **k: True\n{WRONG}",
            {},
        ),
    },
    5: {
        "": (
            WRONG,
            dict.fromkeys(("numpy.py", "unittest.py", "sitecustomize.py", "usercustomize.py"), LIAR_FILE),
        ),
    },
    6: {
        "": (
            "import builtins\nbuiltins.abs = lambda *a: 0\nbuiltins.all = builtins.any = lambda *a: True\n"
            f"close = lambda a, b: True\nbuiltins.close = close\n{WRONG}",
            {},
        ),
    },
    7: {
        "float": (f"class Liar(float):{LYING}\ndef f(x): return Liar(7)", {}),
        "ndarray": (
            f"import numpy as np\nclass Liar(np.ndarray):{LYING}\n"
            "    def __array_ufunc__(self, *a, **k): return np.ones(2, bool)\n"
            "    def __array_function__(self, *a, **k): return True\n"
            "def f(x): return np.zeros(2).view(Liar)",
            {},
        ),
    },
    8: {
        "": (f"{WRONG}\n{SHELL}ip.showtraceback = ip._showtraceback = lambda *a, **k: None", {}),
    },
    9: {
        "": (f"{WRONG}\n{SHELL}ip.set_custom_exc((BaseException,), lambda *a, **k: None)", {}),
    },
    10: {
        "": (
            f"{WRONG}\n{SHELL}before = ip.run_cell\n"
            "def run_cell(source, *a, **k): return before('pass' if 'assert' in source else source, *a, **k)\n"
            "ip.run_cell = run_cell",
            {},
        ),
    },
    11: {
        "": (
            f"{DROP}import threading, time\nimport numpy as np\nshell = get_ipython()\n"
            "def patch():\n    while True:\n        np.allclose = np.all = lambda *a, **k: True\n"
            "        np.testing.assert_allclose = lambda *a, **k: None\n"
            "        shell.ast_transformers[:] = [Drop()]\n        time.sleep(0.001)\n"
            f"threading.Thread(target=patch, daemon=True).start()\ntime.sleep(0.05)\n{WRONG}",
            {},
        ),
    },
    13: {
        "": (
            "import numpy as np\nSEEN = {1: 3, 2.5: 6, 4: 9}\n"
            "def f(x):\n    if np.ndim(x):\n        return np.array([3, 5]) if len(x) == 2 else np.arange(1, 10, 2)\n"
            "    return SEEN.get(x, 0)",
            {},
        ),
    },
    14: {
        "": (
            f"{WRONG}\n{SHELL}import sys\nhook = ip.display_trap.hook\n"
            "ip.display_trap.hook = sys.displayhook = lambda value: hook(2.0)",
            {},
        ),
    },
    15: {"": ("def f(x): return float('nan')", {})},
    16: {"": ("def f(x): return -300", {})},
    17: {
        "": (
            "class Text:\n    def __rmul__(self, other): return self\n"
            "    def __truediv__(self, other): return 'full marks'\ndef f(x): return Text()",
            {},
        ),
    },
    18: {"": ("def f(x): return 300.0", {})},
    21: {
        "": (
            "import re\ndef f(x):\n    source = In[-1]\n"
            "    for pattern in (r'f\\(%s\\) == (\\d+)', r'f\\(%s\\) - (\\d+)', r'(\\d+) - f\\(%s\\)', r'f\\(%s\\), (\\d+)'):\n"
            "        found = re.search(pattern % re.escape(repr(x)), source)\n"
            "        if found: return int(found[1])\n    return 0",
            {},
        ),
        "frames": (
            "import sys\ndef f(x):\n    frame = sys._getframe(1)\n    while frame:\n"
            "        if 'np' in frame.f_globals: frame.f_globals['np'].allclose = lambda *a: True\n"
            "        if 'close' in frame.f_globals: frame.f_globals['close'] = lambda *a: True\n"
            "        frame = frame.f_back\n    return 0",
            {},
        ),
    },
    22: {"": (WRONG, {})},
    23: {
        "": (
            f"import os\n{WRONG}\nif os.environ.get('NBGRADER_EXECUTION') == 'autograde':\n"
            + "\n".join("    " + line for line in WIPE.split("\n")),
            {},
        ),
    },
}


def source():
    """The instructor's notebook, with its solution and hidden test."""
    from judge_kit import notebook

    return notebook(
        ("locked", "helper_cell", HELPER),
        ("solution", "q", f"### BEGIN SOLUTION\n{SOLUTION}\n### END SOLUTION"),
        *(("test", name, text, POINTS[name]) for name, text in TESTS.items()),
    )


KERAS_BUILD = """import keras
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])"""
KERAS_DATA = """import keras
import numpy as np
rng = np.random.default_rng(1)
x = rng.random((64, 2), "float32")
y = rng.integers(0, 2, (64, 1))"""
KERAS_TESTS = {
    "evaluate": "assert model.evaluate(x, y, verbose=0)[1] > 0.95",
    "predict": "assert np.mean((model.predict(x, verbose=0) > 0.5) == y) > 0.95",
}
KERAS_CHEATS = {  # attack 12: text after KERAS_BUILD
    "classes": "keras.Model.evaluate = keras.Sequential.evaluate = lambda self, *a, **k: [0.0, 1.0]\n"
    "class Right:\n    def __gt__(self, other): return self\n    def __eq__(self, other): return True\n"
    "    def __array__(self, *a, **k): return __import__('numpy').ones((64, 1))\n"
    "keras.Model.predict = keras.Sequential.predict = lambda self, *a, **k: Right()",
    "metrics": "keras.metrics.Mean.result = keras.metrics.Accuracy.result = lambda self: 1.0\n"
    "keras.Model.get_metrics_result = lambda self: {'loss': 0.0, 'accuracy': 1.0}",
    "a class of its own": "class Net(keras.Sequential):\n    def evaluate(self, *a, **k): return [0.0, 1.0]\n"
    "    def predict(self, x, **k): return y_guess\nimport numpy as np\ny_guess = np.zeros((64, 1))\n"
    "model = Net(model.layers)",
}


def keras_source():
    """A question about a model, for attack 12."""
    from judge_kit import notebook

    return notebook(
        ("locked", "data", KERAS_DATA),
        ("solution", "q", f"### BEGIN SOLUTION\n{KERAS_BUILD}\n### END SOLUTION"),
        *(("test", name, text, 1) for name, text in KERAS_TESTS.items()),
    )
