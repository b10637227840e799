"""What the `reference_runs.py` of the assignments share: one training a seed, a few processes at a time."""

import argparse
import subprocess
import sys
import time
from pathlib import Path


def command(script, train, summarise, folder, seeds=24, description=""):
    """The command line: train what is missing, then summarise.

    Args:
        script: path of the reference runs, started again for each seed.
        train: function of a seed and a number of threads (str) that leaves `<seed>.npz` in the folder.
        summarise: function that reads them all.
        folder: for the runs; made if it is not there.
        seeds: how many, if nothing is said.
        description: for --help.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=seeds, help="how many (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time (default: %(default)s)")
    parser.add_argument("--threads", default="1", help="of each process (default: %(default)s)")
    parser.add_argument("--recount", action="store_true", help="train nothing, make the summary again")
    parser.add_argument("--one", type=int, metavar="SEED", help="train this seed in this process")
    options = parser.parse_args()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if options.one is not None:
        train(options.one, options.threads)
        return
    left = [n for n in range(options.seeds) if not (folder / f"{n:03d}.npz").exists()]
    left = [] if options.recount else left
    running = []
    while left or running:
        running = [process for process in running if process.poll() is None]
        if left and len(running) < options.workers:
            print(f"seed {left[0]}, {len(left)} left", flush=True)
            words = [sys.executable, str(script), "--one", str(left.pop(0)), "--threads", options.threads]
            running.append(subprocess.Popen(words, stdout=subprocess.DEVNULL))
        time.sleep(1)
    summarise()
