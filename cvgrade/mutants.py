"""Mutants of an assignment's reference solutions: small, automatic mistakes that its tests should notice.

Each mutant changes one place within the solution of one cell: a comparison, an operator, a constant, a bound,
a condition, a statement, an argument, what is returned. The order is that of the notebook, and a mutant's id
stays the same as long as its line and its change do.
"""

import ast
import copy
import difflib
import hashlib
from dataclasses import dataclass

from cvgrade.build import SOLUTION

AROUND = 36  # letters shown on either side of a change
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
}


@dataclass(frozen=True)
class Mutant:
    """One mutant.

    Attributes:
        id: eight letters and digits: a hash of the cell, the line, the operator, and which of the line's
            mutants by that operator it is. It does not change with other lines, nor with Python's version.
        cell: grade id of the solution cell.
        operator: what kind of change it is.
        line: the line's number in the cell, from 1.
        before: the line, as Python writes it.
        after: what has become of it; "" for a line that is gone.
        source: the whole cell.
    """

    id: str
    cell: str
    operator: str
    line: int
    before: str
    after: str
    source: str

    @property
    def diff(self):
        """One line for people: what changed, and a little around it."""
        start = _common(self.before, self.after)
        end = _common(self.before[len(start) :][::-1], self.after[len(start) :][::-1])[::-1]
        kept = [len(start), len(end)]
        if not self.after or sum(kept) < AROUND:
            return f"{self.before}  →  {self.after or '(nothing)'}"
        left = start if len(start) <= AROUND else "…" + start[-AROUND:]
        right = end if len(end) <= AROUND else end[:AROUND] + "…"
        old, new = (text[kept[0] : len(text) - kept[1]] for text in (self.before, self.after))
        return f"{left}[{old}→{new}]{right}"


def make_mutants(book):
    """All mutants of a notebook's solutions.

    Args:
        book: the source notebook, with solutions (nbformat).

    Returns:
        List of `Mutant`, in the order of the notebook.
    """
    found = []
    for cell in book.cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and marks.get("solution"):
            found += mutate(marks["grade_id"], cell.source)
    return found


def mutate(name, source):
    """All mutants of one solution cell.

    Args:
        name: its grade id.
        source: its text; only what stands between the marks of a solution changes.
    """
    tree, lines = ast.parse(source), _solution_lines(source)
    plain = ast.unparse(tree)
    seen, found, count = {plain}, [], {}
    places = [node for node in ast.walk(tree) if getattr(node, "lineno", None) in lines]
    places.sort(key=lambda node: (node.lineno, node.col_offset, -_end(node)))
    for place in places:
        for operator, change in _changes(place, tree):
            changed = _with_change(tree, place, change)
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text in seen:
                continue
            seen.add(text)
            before, after = _difference(plain, text)
            line = source.split("\n")[place.lineno - 1].strip()
            known = name, operator, line
            count[known] = count.get(known, 0) + 1
            digest = hashlib.sha256("\n".join((*known, str(count[known]))).encode()).hexdigest()
            found.append(Mutant(digest[:8], name, operator, place.lineno, before, after, text))
    return found


def _changes(node, tree):
    """Pairs of an operator's name and a function from the node's copy to what takes its place."""
    if isinstance(node, ast.Compare):
        for place, kind in enumerate(node.ops):
            for other in COMPARISONS[type(kind)]:
                yield "comparison", _set_item("ops", place, other())
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC:
        yield "arithmetic", _set("op", ARITHMETIC[type(node.op)]())
    elif isinstance(node, ast.UnaryOp):
        yield "sign" if isinstance(node.op, ast.USub) else "negation", lambda copied: copied.operand
    elif isinstance(node, ast.BoolOp):
        yield "boolean", _set("op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.Constant):
        for value in _other_constants(node.value):
            yield "constant", _replaced_by(ast.Constant(value))
    elif isinstance(node, ast.Slice):
        yield from _slices(node)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        yield "negation", lambda copied: _set("test", ast.UnaryOp(ast.Not(), copied.test))(copied)
    if isinstance(node, ast.Return) and node.value is not None:
        yield from _returns(node, tree)
    elif isinstance(node, ast.stmt) and not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Pass)):
        yield "dropped statement", _replaced_by(ast.Pass())


def _other_constants(value):
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [other for other in (value + 1, value - 1, 0) if other != value]
    return [""] if isinstance(value, str) and value else []


def _slices(node):
    """Bounds of a slice, one more and one less; a bound that is a number is changed as a constant."""
    for bound in ("lower", "upper"):
        there = getattr(node, bound)
        if there is not None and not _is_number(there):
            for kind in (ast.Add, ast.Sub):
                yield "off by one", _shifted(bound, kind)
        elif there is None and bound == "lower" and node.step is None:
            yield "off by one", _set("lower", ast.Constant(1))


def _calls(node):
    for place in range(len(node.args) - 1):
        if not any(isinstance(part, ast.Starred) for part in node.args[place : place + 2]):
            yield "swapped arguments", _swapped(place)
    for place in range(len(node.keywords)):
        yield "dropped argument", _without("keywords", place)
    if isinstance(node.func, ast.Name) and node.func.id == "range":
        last = min(len(node.args), 2) - 1
        if not _is_number(node.args[last]):
            for kind in (ast.Add, ast.Sub):
                yield "off by one", _shifted_item("args", last, kind)


def _returns(node, tree):
    yield "return None", _set("value", ast.Constant(None))
    function = next(
        (
            one
            for one in ast.walk(tree)
            if isinstance(one, ast.FunctionDef) and any(part is node for part in ast.walk(one))
        ),
        None,
    )
    if function and function.args.args:
        yield "return first argument", _set("value", ast.Name(function.args.args[0].arg, ast.Load()))


def _with_change(tree, place, change):
    """A copy of the tree in which one node is changed."""
    index = next(number for number, node in enumerate(ast.walk(tree)) if node is place)
    copied = copy.deepcopy(tree)
    node = next(node for number, node in enumerate(ast.walk(copied)) if number == index)
    return _Replace(node, change(node)).visit(copied)


class _Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def _set(field, value):
    def change(node):
        setattr(node, field, value)
        return node

    return change


def _set_item(field, place, value):
    def change(node):
        getattr(node, field)[place] = value
        return node

    return change


def _without(field, place):
    def change(node):
        del getattr(node, field)[place]
        return node

    return change


def _swapped(place):
    def change(node):
        node.args[place], node.args[place + 1] = node.args[place + 1], node.args[place]
        return node

    return change


def _shifted(field, kind):
    return lambda node: _set(field, ast.BinOp(getattr(node, field), kind(), ast.Constant(1)))(node)


def _shifted_item(field, place, kind):
    def change(node):
        items = getattr(node, field)
        items[place] = ast.BinOp(items[place], kind(), ast.Constant(1))
        return node

    return change


def _replaced_by(other):
    return lambda node: ast.copy_location(other, node)


def _is_number(node):
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant)


def _end(node):
    return node.end_lineno * 10_000 + node.end_col_offset


def _solution_lines(source):
    lines, inside = set(), False
    for number, line in enumerate(source.split("\n"), 1):
        if SOLUTION[0] in line:
            inside = True
        elif SOLUTION[1] in line:
            inside = False
        elif inside:
            lines.add(number)
    return lines


def _difference(before, after):
    """The lines that differ, each joined into one."""
    lost, new = [], []
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if line.startswith("- "):
            lost.append(line[2:].strip())
        elif line.startswith("+ "):
            new.append(line[2:].strip())
    return " ⏎ ".join(lost), " ⏎ ".join(line for line in new if line != "pass")


def _common(first, second):
    """How two texts begin alike."""
    length = next((n for n, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))
    while length > 0 and first[length - 1].isalnum():  # whole words and numbers
        length -= 1
    return first[:length]
