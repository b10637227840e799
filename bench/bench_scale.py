"""A class of ten thousand: it finishes, memory stays flat, and the one writer keeps up.

Only with CVGRADE_SCALE set to the number of submissions, as `make bench-scale` does; else nothing is done.
"""

import json
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "cvgrade")]
COUNT = int(os.environ.get("CVGRADE_SCALE", "0"))


def grading(folder):
    """Grade a class of small NumPy submissions; seconds, and peak memory early and late."""
    import class_kit as kit

    root = kit.course(folder, COUNT)
    samples = []
    process = kit.start(root)

    def watch():
        while process.poll() is None:
            try:
                text = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                return
            samples.append(int(text.partition("VmRSS:")[2].split()[0]) / 1024 if "VmRSS:" in text else 0)
            time.sleep(0.5)

    begun = time.perf_counter()
    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = process.communicate()
    seconds = time.perf_counter() - begun
    watcher.join()
    if process.returncode or kit.marks(kit.database(root)) != kit.expected(kit.class_of(COUNT)):
        raise SystemExit(out + err[-2000:])
    third = max(1, len(samples) // 3)
    return seconds, max(samples[:third]), max(samples[-third:])


def writing(folder, url):
    """Submissions a second that the writer takes, notebooks for formgrader included."""
    import class_kit as kit

    from cvgrade.gradebook import Graded, Writer
    from cvgrade.run.plan import Result, Verdict

    root = kit.course(folder, url=url)
    book, answers = kit.answered(), frozenset(("double", "total", "why"))
    verdicts = (Verdict("double_test", 2, 2.0, "passed"), Verdict("total_test", 3, 3.0, "passed"))
    verdicts += (Verdict("why", 4, 0.0, "manual"),)
    begun = time.perf_counter()
    with Writer(root, kit.NAME, url or kit.database(root), "numbers") as writer:
        for start in range(0, COUNT, 100):
            students = [f"s{number:05d}" for number in range(start, min(start + 100, COUNT))]
            writer.write(
                [Graded(one, Result(one, kit.NAME, verdicts), book, answered=answers) for one in students]
            )
    rate = COUNT / (time.perf_counter() - begun)
    if len(kit.marks(url or kit.database(root))) != 3 * COUNT:
        raise SystemExit("not every mark was written")
    return rate


def measure():
    if not COUNT:
        return {}
    from test_gradebook import postgres  # the server that the tests start

    folder = Path(tempfile.mkdtemp(prefix="bench-scale-"))
    try:
        seconds, early, late = grading(folder / "grading")
        sqlite = writing(folder / "sqlite", None)
        with postgres() as url:
            server = writing(folder / "postgres", url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rate = COUNT / seconds
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    how = f"{COUNT} submissions in batches of 100, with the notebook that formgrader shows; peer: our grading"
    return {
        "grading_10000": {
            "ours": rate,
            "peer": None,
            "ratio": late / early,
            "unit": "submissions/s",
            "how": f"{COUNT} small NumPy submissions in {seconds:.0f} s, start to end, marks checked; the "
            f"run's memory is {early:.0f} MB in the first third and {late:.0f} MB in the last: the ratio",
        },
        "writer_sqlite": {
            "ours": sqlite,
            "peer": rate,
            "ratio": sqlite / rate,
            "unit": "submissions/s",
            "how": how,
        },
        "writer_postgres": {
            "ours": server,
            "peer": rate,
            "ratio": server / rate,
            "unit": "submissions/s",
            "how": f"{how} (this process: {own:.0f} MB)",
        },
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
