"""Frame the checks of one question: one place to read, no noise, no traceback."""

import contextlib
import io
import os
import tempfile
import warnings

from cvlib.check.report import CheckFailed, failed_call


@contextlib.contextmanager
def quiet():
    """Hold back warnings and all that is written to stderr, by Python or by native code.

    nbgrader gives no marks for a cell that writes to stderr, and a warning is no mistake.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(_quiet_descriptor())
        yield


@contextlib.contextmanager
def _quiet_descriptor():
    try:
        kept = os.dup(2)
    except OSError:  # no file descriptor 2, as under pythonw
        yield
        return
    try:
        with tempfile.TemporaryFile() as sink:
            os.dup2(sink.fileno(), 2)
            try:
                yield
            finally:
                os.dup2(kept, 2)
    finally:
        os.close(kept)


@contextlib.contextmanager
def question(title, read=None):
    """Frame the checks of one question.

    Inside, nothing reaches stderr, a failed check also says what to read, and an error in the student's code
    becomes a message instead of a traceback through the test.

    Args:
        title: the question, in a few words.
        read: where to read about it.

    Example:
        >>> with question("Output size", read="lesson 03"):
        ...     pass
    """
    try:
        with quiet():
            yield
    except CheckFailed as failed:
        failed.read = failed.read or read
        raise failed from None
    except NameError as error:
        name = getattr(error, "name", None) or "a name"
        raise CheckFailed(
            f"{title}: `{name}` does not exist",
            likely=f"the cell that defines `{name}` was not run, stopped early, or names it otherwise.",
            read=read,
        ) from None
    except AssertionError as error:
        raise CheckFailed(f"{title}: {error or 'a check failed'}", read=read) from None
    except Exception as error:  # the line that it stopped in may be a hidden test's: it is not shown
        raise failed_call(title, error, read=read, show_line=False) from None
