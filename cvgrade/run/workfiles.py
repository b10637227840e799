"""Files in the tester's working folder: what a submission may put there, and where it may not."""

import contextlib
import os
from pathlib import PurePosixPath

MOST_FILES = 1000


class Brought:
    """Brings files of a submission over, but never over the assignment's own or beside hidden ones.

    Args:
        job: a `Job`.
    """

    def __init__(self, job):
        self.taken = set(job.files) - set(job.given) - set(job.hidden_files)
        self.closed = folders(job.hidden_files) - folders(job.given)  # a test may read all that is in them

    def begin(self, job):
        """Write the files that came with the job."""
        for name, content in {**job.files, **job.hidden_files}.items():
            if name in job.given or name in job.hidden_files or not folders([name]) & self.closed:
                write_file(name, content)

    def bring(self, found):
        """Write files that the student's process says it wrote, as it says them."""
        if type(found) is not dict or len(found) > MOST_FILES:
            return
        for name, content in found.items():
            if type(name) is not str or type(content) is not bytes or not safe_name(name):
                continue
            if (name not in self.taken and os.path.lexists(name)) or folders([name]) & self.closed:
                continue
            self.taken.add(name)
            with contextlib.suppress(OSError, ValueError):
                write_file(name, content)


def folders(names):
    """The folders that files lie in, at any depth, other than the working folder itself."""
    return {str(folder) for name in names for folder in PurePosixPath(name).parents} - {"."}


def safe_name(name):
    """Whether a name is that of a file below the working folder."""
    parts = name.split("/")
    return (
        0 < len(name) < 500
        and not any(part in ("", ".", "..") or part.startswith(".") for part in parts)
        and not any(ord(char) < 32 for char in name)
    )


def write_file(name, content):
    """Write a file below the working folder."""
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)
