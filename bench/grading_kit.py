"""What the measurements of grading share: a run that is watched from outside."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import sys
from pathlib import Path
from cvgrade.run import command
if __name__ == "__main__":
    done = command.grade(Path(sys.argv[1]), sys.argv[2], workers=int(sys.argv[3]))
    print(*done.failed[:5], sep="\\n")
    sys.exit(1 if done.failed else 0)
"""


class Watched:
    """`cvgrade run` as a process of its own, from start to end.

    Args:
        root: the course folder.
        name: of the assignment.
        workers: submissions at a time.
        memory_seconds: how often the memory of all its processes is read; None for not at all.

    Attributes:
        seconds: from the start of the command to its end.
        ready: seconds from the start until the first submission began, loading done.
        arrivals: seconds from the start until each result was in the journal.
        memory: list of (results in the journal, MB of all processes; what they share counted once).
    """

    def __init__(self, root, name, workers, memory_seconds=None):
        self.journal, self.sizes, self.memory = root / ".cvgrade" / "runs" / f"{name}.jsonl", [], []
        program = root / "bench_run.py"
        program.write_text(PROGRAM, encoding="utf-8")
        line = [sys.executable, str(program), str(root), name, str(workers)]
        self.begun = time.perf_counter()
        process = subprocess.Popen(
            line,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watchers = [threading.Thread(target=self._watch_journal, args=(process,))]
        if memory_seconds:
            watchers.append(threading.Thread(target=self._watch_memory, args=(process, memory_seconds)))
        for watcher in watchers:
            watcher.start()
        out, _ = process.communicate()
        self.seconds = time.perf_counter() - self.begun
        for watcher in watchers:
            watcher.join()
        if process.returncode:
            raise SystemExit(out[-2000:])
        self._read()

    def peak(self):
        """MB at most."""
        return max(megabytes for _, megabytes in self.memory)

    def _size(self):
        return self.journal.stat().st_size if self.journal.exists() else 0

    def _watch_journal(self, process):
        while process.poll() is None:
            size = self._size()
            if not self.sizes or size > self.sizes[-1][1]:
                self.sizes.append((time.perf_counter() - self.begun, size))
            time.sleep(0.01)

    def _watch_memory(self, process, seconds):
        while process.poll() is None:
            size, megabytes = self._size(), memory_mb(process.pid)
            if process.poll() is None:
                self.memory.append((size, megabytes))
            time.sleep(seconds)

    def _read(self):
        """Which result stood in the journal when."""
        ends, first, end = [], None, 0
        with open(self.journal, "rb") as file:
            for line in file:
                end += len(line)
                if b'"record":' in line:
                    ends.append(end)
                    first = first or json.loads(line[9:])["record"]["result"]["seconds"]
        times, self.arrivals, at = self.sizes, [], 0
        for stop in ends:
            while at < len(times) - 1 and times[at][1] < stop:
                at += 1
            self.arrivals.append(times[at][0])
        self.ready = self.arrivals[0] - first
        self.memory = [(sum(end <= size for end in ends), megabytes) for size, megabytes in self.memory]


def tree(pid):
    """A process and all below it."""
    children = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], ())
    return found


def cpu_seconds(pid):
    """CPU time of a tree of processes, and of those in it that ended and were waited for."""
    ticks = 0
    for one in tree(pid):
        try:
            ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid):
    """Memory of a tree of processes; what they share is counted once (PSS)."""
    total = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
