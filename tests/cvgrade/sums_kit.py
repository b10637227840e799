"""A course of two sums, with a right and a wrong answer; used by the tests here."""

import shutil

from cvgrade import build, course

NOTEBOOK = """\
# %% [markdown]
# # Sums

# %% solution="add"
def add(a, b):
    ### BEGIN SOLUTION
    return a + b
    ### END SOLUTION


# %% test="add_test" points=2
assert add(1, 2) == 3, "one and two make three"
### BEGIN HIDDEN TESTS
secret_pairs = [(5, 6), (7, 8)]
for pair in secret_pairs:
    if add(*pair) != sum(pair):
        raise CheckFailed("look at the sign")
### END HIDDEN TESTS

# %% solution="double"
def double(a):
    ### BEGIN SOLUTION
    return 2 * a
    ### END SOLUTION


# %% test="double_test" points=1.5
assert double(2) == 4, "twice two"
### BEGIN HIDDEN TESTS
if double(3) != 6:
    raise CheckFailed("a square is no double")
### END HIDDEN TESTS
"""
SETUP = '# %% locked="setup"\nclass CheckFailed(AssertionError):\n    pass\n\n\n'
RIGHT = '# ---\n# title: "By counting"\n# ---\n\n# %% add\ndef add(a, b):\n    return sum([a, b])\n'
WRONG = """\
# ---
# title: "Squares"
# loses:
#   double_test: "a square is no double"
# ---

# %% double
def double(a):
    return a * a
"""


def make(here, config):
    """Write the course folder and build its notebook."""
    for name in ("right", "wrong"):
        (here / "src" / "sums" / name).mkdir(parents=True)
    (here / "src" / "sums" / "notebook.py").write_text(SETUP + NOTEBOOK)
    (here / "src" / "sums" / "right" / "counts.py").write_text(RIGHT)
    (here / "src" / "sums" / "wrong" / "squares.py").write_text(WRONG)
    shutil.copy(config.rootpath / "assignments" / course.CONFIG, here)
    build.build(here, "sums")
    return here


def edit(here, old, new):
    """Change the notebook's source; the text must be there."""
    path = here / "src" / "sums" / "notebook.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    build.build(here, "sums")
