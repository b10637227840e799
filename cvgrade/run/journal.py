"""The journal of a run: what was graded stays graded, whatever happens to the run.

A file of lines, only ever added to: a checksum, a space, a JSON document. A line counts once it is on the
disk. The last line of a run that was killed may be torn: it is cut off when the journal is opened again. A
damaged line elsewhere is passed over, and its submission is graded again.
"""

import contextlib
import hashlib
import json
import os
import zlib
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: no sandbox there either
    fcntl = None

FOLDER = ".cvgrade/runs"  # in the course folder


class JournalBusy(RuntimeError):
    """Another run writes this journal."""


def journal_path(course, assignment):
    """Where the journal of an assignment lies."""
    return Path(course) / FOLDER / f"{assignment}.jsonl"


def fingerprint(*parts):
    """A hash of values that JSON holds, and of bytes: equal for equal parts only.

    Args:
        parts: str, numbers, lists, dicts, or bytes.
    """
    total = hashlib.sha256()
    for part in parts:
        if not isinstance(part, bytes):
            part = json.dumps(part, sort_keys=True, ensure_ascii=True, default=list).encode()
        total.update(f"{len(part)}:".encode())
        total.update(part)
    return total.hexdigest()


class Journal:
    """What was graded, by key. One process at a time has it open for writing.

    Records are dicts that JSON holds; they stay on the disk and are read when they are asked for, so that
    memory does not grow with the class.

    Args:
        path: of the file; made with its folders if missing.
        write: False to read beside a run that is still going on.

    Raises:
        JournalBusy: if another process is writing it.

    Example:
        >>> with Journal("runs/hw.jsonl") as journal:  # doctest: +SKIP
        ...     journal.add([(key, "amara", "hw", {"result": result.to_json()})])
    """

    def __init__(self, path, write=True):
        self.path, self.damaged = Path(path), 0
        self._where, self._current, self._marks = {}, {}, {}
        if write:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        elif not self.path.exists():
            self._file = None
            return
        made = not self.path.exists()
        self._file = open(self.path, "a+b" if write else "rb")  # noqa: SIM115
        try:
            if write:
                self._lock()
            self._read(write)
        except BaseException:
            self._file.close()
            raise
        if made:
            _sync_folder(self.path.parent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __contains__(self, key):
        return key in self._where

    def __len__(self):
        return len(self._where)

    def close(self):
        """Close the file, and let others write it."""
        if self._file:
            self._file.close()

    def add(self, records, again=False):
        """Add results; when this returns they are on the disk.

        Args:
            records: list of (key, student, notebook, record); a key that is there already is left as it is.
            again: True to put the new record in the place of an older one of its key.
        """
        lines = []
        for key, student, notebook, record in records:
            if (again or key not in self._where) and all(line["key"] != key for line in lines):
                lines.append({"key": key, "student": student, "notebook": notebook, "record": record})
        self._append(lines)

    def use(self, pairs):
        """Say which record counts for a student's notebook, where an earlier one counts again.

        Args:
            pairs: list of (student, notebook, key).
        """
        self._append(
            [
                {"student": student, "notebook": notebook, "use": key}
                for student, notebook, key in pairs
                if self._current.get((student, notebook)) != key
            ]
        )

    def mark(self, marks):
        """Note that something was done with records, such as that they were written to a gradebook.

        Args:
            marks: dict from (student, notebook) to a text; the last text counts.
        """
        self._append(
            [
                {"student": student, "notebook": notebook, "mark": text}
                for (student, notebook), text in marks.items()
                if self._marks.get((student, notebook)) != text
            ]
        )

    def marked(self, student, notebook):
        """The last mark of a student's notebook, or ""."""
        return self._marks.get((student, notebook), "")

    def get(self, key):
        """The record of a key, or None."""
        if key not in self._where:
            return None
        offset, length = self._where[key]
        return json.loads(os.pread(self._file.fileno(), length, offset)[9:])["record"]

    def current(self):
        """The key that counts for each (student, notebook): a dict."""
        return dict(self._current)

    def records(self):
        """The records that count, one at a time: (student, notebook, record), sorted."""
        for (student, notebook), key in sorted(self._current.items()):
            yield student, notebook, self.get(key)

    def _append(self, documents):
        if not documents:
            return
        lines = [_line(document) for document in documents]
        offset = self._file.seek(0, os.SEEK_END)
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())
        for document, line in zip(documents, lines):
            self._take(document, offset, len(line))
            offset += len(line)

    def _take(self, document, offset, length):
        name = document["student"], document["notebook"]
        if "mark" in document:
            self._marks[name] = document["mark"]
        elif "use" in document:
            if document["use"] in self._where:
                self._current[name] = document["use"]
        else:
            self._where[document["key"]] = offset, length
            self._current[name] = document["key"]

    def _read(self, write):
        self._file.seek(0)
        good = offset = 0
        for line in self._file:
            document = _document(line)
            if document is not None:
                self._take(document, offset, len(line))
            elif line.endswith(b"\n"):
                self.damaged += 1
            offset += len(line)
            if line.endswith(b"\n"):
                good = offset
        if write and good < offset:  # torn: the run was killed while it wrote
            self._file.truncate(good)
            os.fsync(self._file.fileno())

    def _lock(self):
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise JournalBusy(
                f"another run of this assignment is going on (it holds {self.path}): wait for it, or stop it"
            ) from None


def _line(document):
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()
    return b"%08x " % zlib.crc32(text) + text + b"\n"


def _document(line):
    """What a line holds, or None if it is not whole."""
    if not line.endswith(b"\n") or line[8:9] != b" ":
        return None
    with contextlib.suppress(ValueError, KeyError, TypeError):
        if int(line[:8], 16) == zlib.crc32(line[9:-1]):
            document = json.loads(line[9:-1])
            return document if document["student"] and document["notebook"] else None
    return None


def _sync_folder(folder):
    """So that a new file's name is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
