"""Exceptions of the student's code as the tester raises them: of its own classes, with the student's text."""

import contextlib

from cvgrade.run import kinds, standin, wire

MOST_TEXT = 4000


class Raised:
    """Makes exceptions; a class of the student's own is the same class each time."""

    def __init__(self):
        self.classes = {}

    def make(self, described, decoder):
        """The exception that stands for one that the student's process describes."""
        if type(described) is not dict or not kinds.check_mro(described.get("mro")):
            raise wire.WireError("malformed error")
        text = described.get("text")
        text = text[:MOST_TEXT] if type(text) is str else ""
        name = described["mro"][0][1]
        kind = kinds.exception(described["mro"], self.own)
        try:
            error = kind(text)
        except Exception:
            error = RuntimeError(text)
        if "object" in described:
            remote = decoder.value(described["object"])
            if standin.isinstance_of_standin(remote):
                with contextlib.suppress(AttributeError, TypeError):
                    error.__cvgrade_remote__ = remote
        if type(described.get("name")) is str and isinstance(error, NameError):
            error.name = described["name"][:200]
        with contextlib.suppress(AttributeError, TypeError):
            error.__student_line__ = described.get("line") if type(described.get("line")) is int else None
            error.__student_class__ = name
        return error

    def own(self, number, base, name):
        """The class that stands for one of the student's own, by its handle's number."""
        if number not in self.classes:
            if len(self.classes) > 1000:
                raise wire.WireError("too many classes")
            body = {"__module__": "student", "__getattr__": _error_attribute, "__cvgrade_number__": number}
            try:
                self.classes[number] = type(name, (base,), body)
            except TypeError:
                self.classes[number] = type(name, (Exception,), body)
        return self.classes[number]


def _error_attribute(self, name):
    remote = self.__dict__.get("__cvgrade_remote__")
    if remote is None or (name.startswith("__") and name.endswith("__")):
        raise AttributeError(name)
    return getattr(remote, name)
