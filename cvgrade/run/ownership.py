"""Which statements the tester runs itself, and where every other name of a test cell comes from."""

import ast
from dataclasses import dataclass, field

from cvgrade.run.names import names_of, parse


@dataclass
class Part:
    """What one step means for the tester's names.

    Attributes:
        trusted: statements of the instructor's that the tester runs itself.
        taken: names that are the student's from here on.
    """

    trusted: list = field(default_factory=list)
    taken: set = field(default_factory=set)


@dataclass
class Division:
    """What every step means, and the operators of the classes that the solution defines."""

    parts: list
    defined: dict


class Namespace(dict):
    """The globals of test cells; a name that is the student's is asked for when it is used."""

    def __init__(self, link):
        super().__init__(__name__="__main__")
        self.link, self.students, self.cache = link, set(), {}

    def __missing__(self, name):
        if name not in self.students:
            raise KeyError(name)
        seen = self.cache.get(name)
        if seen and seen[2] == self.link.touched:
            return seen[1]
        outcome, digest = self.link.fetch(name)
        if seen and seen[0] == digest:
            value = seen[1]
        else:
            try:
                value = outcome()
            except NameError as error:
                raise _undefined(name) from error
        self.cache[name] = (digest, value, self.link.touched)
        return value

    def __contains__(self, name):
        if super().__contains__(name):
            return True
        try:
            self[name]
        except (KeyError, NameError):
            return False
        return True

    def get(self, name, default=None):
        """As of a dictionary, the student's names included."""
        return self[name] if name in self else default  # noqa: SIM401  (this is `get`)

    def give_up(self, names):
        """These names are the student's from here on."""
        for name in names:
            self.pop(name, None)
            self.cache.pop(name, None)
        self.students |= names


def divide(job):
    """Decide, from the instructor's text alone, whose every name is.

    Args:
        job: a `Job`.

    Returns:
        A `Division`, its parts in the order of the job's steps.
    """
    imported = set()
    for statement in ast.parse(job.imports).body:
        imported |= names_of(statement).imported
    students, ours, later, parts, defined, statements = set(), set(), {}, [], {}, []
    for step in job.steps:
        part = Part()
        parts.append(part)
        if step.kind == "student":
            found = names_of(parse(step.reference))
            part.taken = (found.bound | found.changed & ours) - found.imported - imported
            students |= part.taken
            for name, dunders in found.dunders.items():
                defined.setdefault(name, set()).update(dunders)
        elif step.kind == "locked":
            for statement in parse(step.source).body:
                found = names_of(statement)
                imported |= found.imported
                if _reach(found.loaded, later) & students:
                    taken = found.bound - found.imported
                    students |= taken
                    part.taken |= taken
                else:
                    students -= found.bound
                    ours |= found.bound
                    for name in found.bound:
                        later[name] = found.later | found.loaded
                    statements.append((part, statement, found))
        else:
            found = names_of(parse(step.source))
            students -= found.bound
            ours |= found.bound
            statements.append((None, None, found))
    needed = set()
    for part, statement, found in reversed(statements):
        skip = isinstance(statement, (ast.Assign, ast.AnnAssign)) and not found.bound & needed
        if skip and not found.changed & needed:
            continue
        needed |= found.loaded | found.later
        if part is not None:
            part.trusted.insert(0, statement)
    return Division(parts, defined)


def bound_by(statement):
    """The names that a statement binds, other than by import."""
    found = names_of(statement)
    return found.bound - found.imported


def _reach(names, later):
    """Names and all that the functions among them load when called."""
    found, front = set(names), set(names)
    while front:
        front = set().union(*(later.get(name, set()) for name in front)) - found
        found |= front
    return found


def _undefined(name):
    error = NameError(f"name {name!r} is not defined: the student's cell did not define it")
    error.name = name
    return error
