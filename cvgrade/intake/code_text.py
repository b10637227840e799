"""What can be told of a cell's text without running it: the names it binds, how like another text it is."""

import ast
import functools
import re
import warnings
from collections import Counter

LONGEST_PARSED = 100_000
LONGEST_KEPT = 4000  # the trees of shorter texts are kept: a class shares the instructor's
STUBS = re.compile(
    r"^\s*(?:#\s*YOUR CODE HERE|raise NotImplementedError\(\)|YOUR ANSWER HERE|pass|\.\.\.)\s*$"
)

# IPython's own lines: magics, shell commands, `name = !command`, and questions with a mark at the end.
MAGIC = re.compile(r"^(\s*)(?:[%!?].*|\w+\s*=\s*[%!].*|[\w.%]+\?{1,2})$")


def plain(text):
    """A text without what editors change: spaces at line ends, blank lines at its ends."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def parses(text):
    """Whether a text is Python, IPython's magics set aside."""
    return _tree(text) is not None


def is_piece(text):
    """Whether a text is no Python and begins with an indented line, as the second part of something does."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return first[:1] in (" ", "\t") and not parses(text)


def bound_names(text):
    """The names that a cell's own level defines or assigns.

    Args:
        text: Python, or anything.

    Returns:
        A set of str.
    """
    tree = _tree(text)
    if tree is None:  # half a cell, or prose
        found = re.findall(
            r"^(?:async def|def|class)\s+(\w+)|^(\w+)\s*=(?!=)", text[:LONGEST_PARSED], re.MULTILINE
        )
        return {first or second for first, second in found}
    names = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
                names.update(part.id for part in parts if isinstance(part, ast.Name))
    return names


def does_something(text):
    """Whether a text is Python that defines, assigns, imports or calls: prose that parses does not."""
    tree = _tree(text)
    return tree is not None and any(
        not isinstance(node, ast.Expr) or isinstance(node.value, (ast.Call, ast.Await)) for node in tree.body
    )


def words(text):
    """The words and signs of a text, counted; lines that stand for an answer to be written left out."""
    kept = "\n".join(line for line in text[:LONGEST_PARSED].split("\n") if not STUBS.match(line))
    return Counter(re.findall(r"\w+|[^\w\s]", kept))


def share_kept(words_before, words_after):
    """The share of a text's words that another still has, 0 to 1."""
    total = words_before.total()
    return (words_before & words_after).total() / total if total else 0.0


def likeness(words_first, words_second):
    """Twice the words in common over all words of both, 0 to 1 (Dice)."""
    total = words_first.total() + words_second.total()
    return 2 * (words_first & words_second).total() / total if total else 0.0


def cut_out(text, block):
    """A text without a block of lines.

    Returns:
        What stands before and after the block, or None if the block is not in it, whole and in one piece.
    """
    lines, wanted = plain(text).split("\n"), plain(block).split("\n")
    for start in range(len(lines) - len(wanted) + 1):
        if lines[start : start + len(wanted)] == wanted:
            return plain("\n".join(lines[:start])), plain("\n".join(lines[start + len(wanted) :]))
    return None


def _tree(text):
    """The syntax tree of a text, or None; nobody changes it."""
    if len(text) > LONGEST_PARSED:
        return None
    return _kept_tree(text) if len(text) <= LONGEST_KEPT else _parse(text)


@functools.lru_cache(maxsize=1000)
def _kept_tree(text):
    return _parse(text)


def _parse(text):
    lines = [MAGIC.sub(r"\1pass", line) for line in text.split("\n")]
    for attempt in (text, "\n".join(lines)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(attempt)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None
