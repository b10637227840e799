"""Draw pictures in processes of their own: drawing is Python work, which threads cannot share."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

from cvlib._opencv import cv2

_HOME = str(Path(__file__).resolve().parents[3])


def write_all(module, directory, seed, jobs, worth=60):
    """Call `module.write(directory, seed, split, index)` for every job, whatever the number of processes.

    The processes are new interpreters, neither forks (unsafe once TensorFlow runs) nor `multiprocessing`
    spawns (which would run the caller's script again).

    Args:
        module: name of the module that draws.
        directory: where to write.
        seed: of the dataset.
        jobs: list of (split, index).
        worth: pictures a worker: fewer are drawn sooner than another interpreter starts.

    Raises:
        OSError: if a worker fails.
    """
    workers = min(os.cpu_count() or 1, 8, len(jobs) // worth)
    if workers < 2 or not sys.executable:
        write = importlib.import_module(module).write
        for split, index in jobs:
            write(directory, seed, split, index)
    else:
        _share_out(module, directory, seed, jobs, workers)


def _share_out(module, directory, seed, jobs, workers):
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([_HOME, os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", __name__, module, str(directory), str(seed)]
    started = []
    try:
        for worker in range(workers):
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            started.append(process)
            process.stdin.write("".join(f"{split} {index}\n" for split, index in jobs[worker::workers]))
            process.stdin.close()
            process.stdin = None
        for process in started:
            _, said = process.communicate()
            if process.returncode:
                reason = (said.strip().splitlines() or [f"exit status {process.returncode}"])[-1]
                raise OSError(f"the simulated pictures could not be written to {directory}: {reason}")
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait()


def _work():
    """What a worker does: write the pictures named on its standard input, one `split index` a line."""
    cv2.setNumThreads(1)
    write, directory, seed = importlib.import_module(sys.argv[1]).write, Path(sys.argv[2]), int(sys.argv[3])
    for line in sys.stdin:
        split, index = line.split()
        write(directory, seed, split, int(index))


if __name__ == "__main__":
    _work()
