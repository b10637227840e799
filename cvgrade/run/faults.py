"""What can go wrong with the student's process itself, as the tester sees it."""


class StudentError(BaseException):
    """The student's side failed, not by an exception of its code. No `except Exception` hides it."""


class TimedOut(StudentError):
    """The student's code was stopped because its time was up."""


class Gone(StudentError):
    """The student's process has ended."""


class Malformed(StudentError):
    """The student's process answered something that is no answer."""


class OutOfMemory(Gone):
    """The student's process was ended because it used too much memory."""
