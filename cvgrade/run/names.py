"""Whose is a name? What the cells of the instructor's notebook bind, load and import.

A test cell loads names. Those that the instructor's own text makes (imports, tests, locked cells) are the
tester's; those that the solution makes are the student's. This page decides it from the instructor's source
alone, without running anything: nothing that a student writes can move a name to the other side.
"""

import ast
import builtins
from dataclasses import dataclass, field

BUILTINS = frozenset(dir(builtins)) | {"__name__", "get_ipython"}


def parse(source):
    """The syntax tree of a cell; magics become calls of `get_ipython`, what is no Python an empty tree."""
    try:
        return ast.parse(source)
    except SyntaxError:
        pass
    try:
        from IPython.core.inputtransformer2 import TransformerManager

        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return ast.parse("")


@dataclass
class Names:
    """What a piece of code does with names of the notebook.

    Attributes:
        bound: names that it binds.
        imported: names that it binds by import.
        loaded: names that it loads as it runs and does not bind first.
        later: names that its functions load when they are called.
        changed: names whose object it changes in place, as far as the text shows: `x[0] = …`, `x.fit(…)`.
        dunders: for each class it defines, the special methods in its body.
    """

    bound: set = field(default_factory=set)
    imported: set = field(default_factory=set)
    loaded: set = field(default_factory=set)
    later: set = field(default_factory=set)
    changed: set = field(default_factory=set)
    dunders: dict = field(default_factory=dict)


def names_of(tree):
    """The `Names` of a syntax tree, or of one statement."""
    statements = tree.body if isinstance(tree, ast.Module) else [tree]
    found = Names()
    for statement in statements:
        _visit(statement, found)
    found.loaded -= BUILTINS - found.bound
    found.later -= BUILTINS | found.bound
    return found


def _visit(statement, found):
    finder = _Finder()
    finder.visit(statement)
    found.loaded |= finder.loaded - found.bound
    found.later |= finder.inner
    found.bound |= finder.bound
    found.imported |= finder.imported
    found.changed |= finder.changed
    found.dunders.update(finder.dunders)


class _Finder(ast.NodeVisitor):
    """Names of one top-level statement."""

    def __init__(self):
        self.bound, self.imported, self.loaded, self.inner, self.changed = set(), set(), set(), set(), set()
        self.dunders = {}

    def visit_Import(self, node):
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            self.bound.add(name)
            self.imported.add(name)

    def visit_ImportFrom(self, node):
        for alias in node.names:
            self.bound.add(alias.asname or alias.name)
            self.imported.add(alias.asname or alias.name)

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.bound.add(node.id)
        elif node.id not in self.bound:
            self.loaded.add(node.id)

    def visit_Assign(self, node):
        self._in_order(node.value, *node.targets)

    def visit_AnnAssign(self, node):
        self._in_order(node.value, node.target)

    def visit_NamedExpr(self, node):
        self._in_order(node.value, node.target)

    def visit_For(self, node):
        self._in_order(node.iter, node.target, *node.body, *node.orelse)

    visit_AsyncFor = visit_For

    def _in_order(self, *parts):
        for part in parts:
            if part is not None:
                self.visit(part)

    def visit_ExceptHandler(self, node):
        if node.name:
            self.bound.add(node.name)
        self.generic_visit(node)

    def visit_Global(self, node):
        self.bound.update(node.names)

    def visit_AugAssign(self, node):
        if isinstance(node.target, ast.Name) and node.target.id not in self.bound:
            self.loaded.add(node.target.id)
        self._in_order(node.value, node.target)

    def visit_Attribute(self, node):
        if not isinstance(node.ctx, ast.Load):
            self._changes(node)
        self.generic_visit(node)

    def visit_Subscript(self, node):
        if not isinstance(node.ctx, ast.Load):
            self._changes(node)
        self.generic_visit(node)

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            self._changes(node.value.func)
        self.generic_visit(node)

    def visit_FunctionDef(self, node):
        self.bound.add(node.name)
        for part in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(part)
        self._function(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(part)
        self._function(node, [node.body])

    def visit_ClassDef(self, node):
        self.bound.add(node.name)
        self.dunders[node.name] = {
            part.name
            for part in node.body
            if isinstance(part, ast.FunctionDef) and part.name.startswith("__")
        }
        for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(part)
        inside = _Finder()
        for part in node.body:
            inside.visit(part)
        self.loaded |= inside.loaded - inside.bound
        self.inner |= inside.inner

    def _comprehension(self, node):
        inside = _Finder()
        inside.generic_visit(node)
        targets = _Finder()
        for generator in node.generators:
            targets.visit(generator.target)
        self.loaded |= inside.loaded - targets.bound
        self.inner |= inside.inner
        self.bound |= inside.bound - targets.bound  # a walrus binds outside

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _function(self, node, body):
        inside = _Finder()
        for part in body:
            inside.visit(part)
        given = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
        declared = set()
        for part in body:
            for child in ast.walk(part):
                if isinstance(child, ast.Global):
                    declared.update(child.names)
        own = (inside.bound | given) - declared
        self.inner |= (inside.loaded | inside.inner) - own
        self.bound |= declared
        self.changed |= inside.changed - own

    def _changes(self, node):
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            self.changed.add(node.id)
