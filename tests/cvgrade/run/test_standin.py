# ruff: noqa: E501  (cells read better on one line)
"""What test cells may do with what students write, as if both were in one process."""

import pytest

HONEST = {
    "plain values": (
        "def f(): return [None, True, 7, 2.5, 1 + 2j, 'a', b'b', (1, 2), {3}, {'k': [4]}, frozenset({5}), ..., slice(1, 2)]",
        "assert f() == [None, True, 7, 2.5, 1 + 2j, 'a', b'b', (1, 2), {3}, {'k': [4]}, frozenset({5}), ..., slice(1, 2)]\n"
        "assert [type(v).__name__ for v in f()][:8] == 'NoneType bool int float complex str bytes tuple'.split()",
    ),
    "large and odd numbers": (
        "def f(): return [10**300, -(2**80), float('inf'), float('-inf'), 1e-320]\nnan = float('nan')",
        "assert f() == [10**300, -(2**80), float('inf'), float('-inf'), 1e-320]\nassert nan != nan",
    ),
    "long lists": ("def f(n): return [i / 3 for i in range(n)]", "assert f(5000) == [i / 3 for i in range(5000)]"),
    "arrays of every kind": (
        "import numpy as np\ndef f(dtype): return np.array([[0, 1, 2]]).astype(dtype)",
        "import numpy as np\n"
        "for dtype in 'bool int8 uint8 int64 uint16 float16 float32 float64 complex64 <U3 S2 >f4'.split():\n"
        "    got, want = f(dtype), np.array([[0, 1, 2]]).astype(dtype)\n"
        "    assert got.dtype == want.dtype.newbyteorder('=') and got.shape == (1, 3) and (got == want).all()\n"
        "    assert type(got) is np.ndarray",
    ),
    "scalars of NumPy": (
        "import numpy as np\ndef f(): return np.float32(0.5), np.int64(3), np.bool_(True)",
        "import numpy as np\na, b, c = f()\nassert type(a) is np.float32 and a == 0.5 and type(b) is np.int64 and c",
    ),
    "keyword arguments and defaults": (
        "def f(a, b=2, *rest, c, **more): return a, b, rest, c, more",
        "assert f(1, c=3) == (1, 2, (), 3, {})\nassert f(1, 5, 6, c=7, d=8) == (1, 5, (6,), 7, {'d': 8})\n"
        "import inspect\nassert list(inspect.signature(f).parameters) == ['a', 'b', 'rest', 'c', 'more']\n"
        "assert inspect.signature(f).parameters['b'].default == 2",
    ),
    "names and documentation": (
        "def f(x: int) -> int:\n    'Say it.'\n    return x",
        "assert f.__name__ == 'f' and f.__doc__ == 'Say it.' and callable(f) and f.__code__.co_argcount == 1",
    ),
    "classes": (
        "class Box:\n    kind = 'box'\n    def __init__(self, value): self.value = value\n"
        "    def double(self): return 2 * self.value\n    @property\n    def half(self): return self.value / 2\n"
        "    @classmethod\n    def empty(cls): return cls(0)\n"
        "class Chest(Box):\n    pass",
        "box = Box(4)\nassert box.value == 4 and box.double() == 8 and box.half == 2 and Box.kind == 'box'\n"
        "box.value = 5\nassert box.double() == 10\nassert isinstance(box, Box) and isinstance(Chest(1), Box)\n"
        "assert not isinstance(box, Chest) and not isinstance(3, Box)\nassert type(Box.empty().value) is int\n"
        "assert box.__class__.__name__ == 'Box' and not callable(box) and hasattr(box, 'half') and not hasattr(box, 'third')\n"
        "assert isinstance(Box, type)",
    ),
    "containers of one's own": (
        "class Deck:\n    def __init__(self): self.cards = [3, 1, 2]\n    def __len__(self): return len(self.cards)\n"
        "    def __getitem__(self, i): return self.cards[i]\n    def __setitem__(self, i, v): self.cards[i] = v\n"
        "    def __contains__(self, v): return v in self.cards\n    def __iter__(self): return iter(self.cards)\n"
        "    def __delitem__(self, i): del self.cards[i]",
        "deck = Deck()\nassert len(deck) == 3 and deck[0] == 3 and deck[1:] == [1, 2] and list(deck) == [3, 1, 2]\n"
        "deck[0] = 9\ndel deck[1]\nassert sorted(deck) == [2, 9] and 9 in deck and 7 not in deck",
    ),
    "operators that the assignment asks for": (
        "class Vector:\n    def __init__(self, *v): self.v = v\n"
        "    def __add__(self, o): return Vector(*(a + b for a, b in zip(self.v, o.v)))\n"
        "    def __mul__(self, k): return Vector(*(a * k for a in self.v))\n"
        "    def __eq__(self, o): return self.v == getattr(o, 'v', o)\n    def __repr__(self): return f'Vector{self.v}'",
        "assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6) and Vector(1, 2) * 3 == Vector(3, 6)\n"
        "assert Vector(1, 2) == (1, 2) and Vector(1, 2) != Vector(2, 1) and repr(Vector(1, 2)) == 'Vector(1, 2)'",
    ),
    "a subclass of a list": (
        "class Stack(list):\n    def push(self, x): self.append(x)\n    def peek(self): return self[-1]",
        "s = Stack()\ns.push(1)\ns.push(2)\nassert s.peek() == 2 and len(s) == 2 and list(s) == [1, 2] and s == [1, 2]\n"
        "assert isinstance(s, list)",
    ),
    "named tuples, counters and the like": (
        "import collections, fractions, decimal, datetime, pathlib\nPoint = collections.namedtuple('Point', 'x y')\n"
        "def f(): return (Point(1, 2), collections.Counter('aab'), collections.OrderedDict(a=1), collections.deque([1]),\n"
        "    fractions.Fraction(1, 3), decimal.Decimal('0.1'), datetime.date(2024, 1, 2), pathlib.Path('a/b'),\n"
        "    collections.defaultdict(list, a=[1]), {'a': 1}.keys())",
        "import fractions, decimal, datetime, pathlib\n"
        "p, c, o, d, q, e, day, path, default, keys = f()\nassert p.x == 1 and p == (1, 2) and c.most_common(1) == [('a', 2)]\n"
        "assert o == {'a': 1} and list(d) == [1] and q == fractions.Fraction(1, 3) and e == decimal.Decimal('0.1')\n"
        "assert day == datetime.date(2024, 1, 2) and path == pathlib.Path('a/b') and default == {'a': [1]}\n"
        "assert sorted(keys) == ['a']",
    ),
    "dataclasses and enums": (
        "import dataclasses, enum\n@dataclasses.dataclass\nclass Pet:\n    name: str\n    age: int = 3\n"
        "class Colour(enum.Enum):\n    RED = 1\n    BLUE = 2\ndef f(): return Colour.RED",
        "pet = Pet('Rex')\nassert pet.name == 'Rex' and pet.age == 3 and pet == Pet('Rex') and pet != Pet('Max')\n"
        "assert f() == Colour.RED and f().name == 'RED' and f().value == 1 and f() is Colour.RED",
    ),
    "exceptions": (
        "class TooBig(ValueError):\n    def __init__(self, size): super().__init__(f'{size} is too big'); self.size = size\n"
        "def f(x):\n    if x > 9: raise TooBig(x)\n    if x < 0: raise ValueError('negative')\n    return {}[x]",
        "try:\n    f(-1)\nexcept ValueError as error:\n    assert str(error) == 'negative'\nelse:\n    raise AssertionError\n"
        "try:\n    f(10)\nexcept TooBig as error:\n    assert error.size == 10 and isinstance(error, ValueError)\n"
        "else:\n    raise AssertionError\n"
        "try:\n    f(1)\nexcept KeyError:\n    pass\nelse:\n    raise AssertionError",
    ),
    "pytest's raises": (
        "def f(x): raise ZeroDivisionError('no')",
        "import unittest\nwith unittest.TestCase().assertRaises(ZeroDivisionError):\n    f(1)",
    ),
    "generators": (
        "def count():\n    n = 0\n    while True:\n        got = yield n\n        n = n + 1 if got is None else got",
        "import itertools, inspect\nnumbers = count()\nassert next(numbers) == 0 and next(numbers) == 1 and numbers.send(10) == 10\n"
        "assert list(itertools.islice(count(), 4)) == [0, 1, 2, 3] and inspect.isgenerator(numbers)\n"
        "assert next(iter([]), 'end') == 'end'",
    ),
    "iterators that end": (
        "def f(n): yield from range(n)",
        "it = f(2)\nassert next(it) == 0 and next(it) == 1 and next(it, 'end') == 'end'\nassert sum(f(5)) == 10",
    ),
    "context managers": (
        "import contextlib\nlog = []\n@contextlib.contextmanager\ndef f():\n    log.append('in')\n    try:\n        yield 5\n"
        "    except KeyError: log.append('caught')\n    finally: log.append('out')",
        "with f() as x:\n    assert x == 5\nassert log == ['in', 'out']\n"
        "with f():\n    raise KeyError('a')\nassert log == ['in', 'out', 'in', 'caught', 'out']",
    ),
    "callbacks": (
        "def f(function, items): return [function(item) for item in items]\n"
        "def g(function):\n    try: return function()\n    except ValueError as error: return str(error)\n"
        "def h(outer): return outer(lambda n: n + 1)",
        "seen = []\ndef note(x):\n    seen.append(x)\n    return 10 * x\n"
        "assert f(note, [1, 2]) == [10, 20] and seen == [1, 2]\n"
        "def bad(): raise ValueError('from the test')\nassert g(bad) == 'from the test'\n"
        "assert h(lambda inner: inner(41)) == 42",
    ),
    "functions that return functions": (
        "def f(n):\n    def add(m): return n + m\n    return add\ndef compose(a, b): return lambda x: a(b(x))",
        "assert f(3)(4) == 7 and compose(f(1), f(10))(5) == 16\nassert compose(len, str)(1234) == 4",
    ),
    "a value that changes between two looks": (
        "count = 0\nitems = []\ndef f():\n    global count\n    count += 1\n    items.append(count)",
        "before = count\nf()\nassert count == before + 1 and items == [1]\nf()\nassert count == 2 and items == [1, 2]",
    ),
    "a value that the test changes": ("items = [3, 1]", "items.append(2)\nitems.sort()\nassert items == [1, 2, 3]"),
    "dir, vars, help text": ("class A:\n    x = 1\na = A()", "assert a.__dict__ == {} and A.x == 1 and A.__name__ == 'A'"),
    "deep copies": (
        "class A:\n    def __init__(self): self.v = [1]\na = A()",
        "import copy\nb = copy.deepcopy(a)\nb.v = [2]\nassert a.v == [1] and b.v == [2]",
    ),
    "printing": ("def f(x): print(x)\nclass A:\n    def __str__(self): return 'an A'", "assert f(1) is None\nassert f'{A()}' == 'an A'"),
    "sorting by a key of the student's": ("def f(x): return -x", "assert sorted([1, 3, 2], key=f) == [3, 2, 1] and list(map(f, [1])) == [-1]"),
    "asynchronous code": ("import asyncio\nasync def g(): return 4\ndef f(): return asyncio.run(g())", "assert f() == 4"),
    "globals": ("x = 1", "assert 'x' in globals() and 'y' not in globals()"),
    "recursion": ("def f(n): return 1 if n == 0 else n * f(n - 1)\ndef g(n): return g(n)", "assert f(20) == 2432902008176640000\ntry:\n    g(1)\nexcept RecursionError:\n    pass"),
    "classes of a library that only the student imports": (
        "import xml.dom.minidom as m\ndef f(): return m.Document",
        "assert f().__name__ == 'Document' and f()().nodeName == '#document'",
    ),
    "comparison with a handle": ("class A: pass\na = A()\nb = A()", "assert a == a and a != b and a is not b and a in [b, a] and {a: 1}[a] == 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", HONEST)
def test_honest_work_passes(judge, case):
    solution, test = HONEST[case]
    verdict = judge.one(solution, test, solution=solution)
    assert verdict.status == "passed", verdict.message


DIFFERENT = {
    "a value of the test is not sent to be compared": (
        "class A:\n    def __sub__(self, o): return 0\n    def __eq__(self, o): return True\ndef f(): return A()",
        "def f(): return 3",
        "assert f() - 3 == 0",
        "would be sent to the student's process",
    ),
    "what cannot cross is said in words": (
        "def f(x): return x",
        "def f(x): return x",
        "import threading\nf(threading.Lock())",
        "cannot hand a lock",
    ),
    "a name that is not there": ("y = 1", "x = 1", "assert x == 1", "the student's cell did not define it"),
    "a value too deep": (
        "def f():\n    x = []\n    x.append(x)\n    return x",
        "def f(): return []",
        "f()",
        "nested more than 64 deep",
    ),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_where_it_differs_from_one_process_it_says_so(judge, case):
    answer, solution, test, message = DIFFERENT[case]
    verdict = judge.one(answer, test, solution=solution)
    assert verdict.score == 0
    assert message in verdict.message


def test_hidden_tests_and_their_values_never_show(judge):
    hidden = "x = 1\n### BEGIN HIDDEN TESTS\nsecret = 'swordfish'\nassert f(1) == 4711, f'{secret} expected'\n### END HIDDEN TESTS"
    verdict = judge.one("def f(x): return x", hidden)
    assert verdict.message == "A hidden test of this question failed (AssertionError)."
    verdict = judge.one("def f(x): raise KeyError(x)", hidden)
    assert verdict.message == "A hidden test of this question failed (KeyError)."
    assert (verdict.status, verdict.hint) == ("error", "")
    verdict = judge.one("def f(x): return x", "assert f(1) == 2, 'look at the example'\n" + hidden)
    assert verdict.message == "AssertionError: look at the example"


def test_a_check_that_explains_is_shown_even_when_hidden(judge):
    test = (
        "class CheckFailed(AssertionError):\n    likely = 'the sign'\n"
        "### BEGIN HIDDEN TESTS\nif f(1) != 2:\n    raise CheckFailed('f is another number')\n### END HIDDEN TESTS"
    )
    verdict = judge.one("def f(x): return x", test)
    assert (verdict.status, verdict.message, verdict.hint) == ("failed", "f is another number", "the sign")


def test_an_error_in_one_cell_leaves_the_others(judge, book):
    source = book(
        ("solution", "a", "x = 1"), ("test", "t1", "assert x == 1", 1),
        ("solution", "b", "y = 2"), ("test", "t2", "assert y == 2", 2), ("manual", "m", "", 3),
    )  # fmt: skip
    result = judge(source, {"a": "x = 1 / 0", "m": "an essay"})
    assert [verdict.status for verdict in result.verdicts] == ["error", "passed", "manual"]
    assert [verdict.score for verdict in result.verdicts] == [0, 2, 0]
    assert result.outputs["a"][0]["ename"] == "ZeroDivisionError"
    assert result.score == 2


def test_cells_run_in_order_and_see_the_state_of_that_moment(judge, book):
    source = book(
        ("solution", "a", "x = 1"), ("test", "t1", "assert x == 1\nkept = x", 1),
        ("solution", "b", "x = 2"), ("test", "t2", "assert x == 2 and kept == 1", 1),
    )  # fmt: skip
    assert [verdict.status for verdict in judge(source).verdicts] == ["passed", "passed"]


def test_locked_cells_are_the_instructors_on_both_sides(judge, book):
    source = book(
        (
            "locked",
            "setup",
            "import numpy as np\nTRUTH = np.arange(3)\ndef near(a, b): return abs(a - b) < 1e-9",
        ),
        ("solution", "a", "def f(x): return x + TRUTH.sum()"),
        ("locked", "use", "result = f(1)"),
        ("test", "t", "assert near(result, 4) and near(f(2), 5) and (TRUTH == [0, 1, 2]).all()", 1),
    )
    assert judge(source).verdicts[0].status == "passed"
    cheat = "TRUTH = np.zeros(3)\ndef near(a, b): return True\ndef f(x): return 0"
    assert judge(source, {"a": cheat}).verdicts[0].score == 0


def test_outputs_are_kept_as_a_notebook_keeps_them(judge, book):
    text = (
        "import sys, os, subprocess\nprint('out')\nprint('err', file=sys.stderr)\n"
        "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'), metadata={'text/html': {'alt': 'bold'}})\n"
        "os.system('echo from a child')\n6 * 7"
    )
    source = book(("solution", "a", text), ("test", "t", "assert True", 1))
    outputs = judge(source).outputs["a"]
    kinds = [output["output_type"] for output in outputs]
    assert kinds[:3] == ["stream", "stream", "display_data"]
    assert outputs[2]["metadata"] == {"text/html": {"alt": "bold"}}
    assert any(output.get("data", {}).get("text/plain") == "42" for output in outputs)
    assert [output["execution_count"] for output in outputs if "execution_count" in output] == [1]
    assert any("from a child" in output.get("text", "") for output in outputs)


def test_many_submissions_at_a_time_do_not_meet(judge, book):
    from concurrent.futures import ThreadPoolExecutor

    source = book(
        (
            "solution",
            "a",
            "import os\nopen('/tmp/mineN', 'w').write('N')\nx = (open('/tmp/mineN').read(), [name for name in os.listdir('/tmp') if 'mine' in name])",
        ),
        ("test", "t", "assert x[0] in list('0123456789') and x[1] == ['mine' + x[0]]", 1),
    )
    answers = [{"a": source.cells[0].source.replace("N'", f"{n}'")} for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda answer: judge(source, answer), answers))
    assert [result.verdicts[0].status for result in results] == ["passed"] * 8


def test_changes_in_place_come_back_only_where_the_test_asks_for_them(judge):
    answer = "def f(a, b, c, d):\n    a.append(1); b[0] = 9; c['k'] = 2; d.add(3)"
    test = (
        "import numpy as np\na, b, c, d = [0], np.zeros(2), {}, set()\nf(a, b, c, d)\n"
        "assert a == [0, 1] and b.tolist() == [9, 0] and c == {'k': 2} and d == {3}"
    )
    assert judge.one(answer, f"### ARGUMENTS CHANGE IN PLACE\n{test}").status == "passed"
    assert judge.one(answer, test).status == "failed"
