"""A class of ten thousand: it finishes, memory stays flat, and the one writer keeps up.

Only with CVGRADE_SCALE set to the number of submissions, as `make bench-scale` does; else nothing is done.
"""

import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "tests" / "cvgrade")]
COUNT = int(os.environ.get("CVGRADE_SCALE", "0"))
WORKERS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def grading(folder):
    """Grade a class of small NumPy submissions, marks checked: the `Watched` run."""
    import class_kit as kit
    from grading_kit import Watched

    root = kit.course(folder, COUNT)
    done = Watched(root, kit.NAME, WORKERS, memory_seconds=1)
    if kit.marks(kit.database(root)) != kit.expected(kit.class_of(COUNT)):
        raise SystemExit("the marks are not those that were to be expected")
    return done


def memory_at(done, share):
    """MB of all processes around a share of the run: the median of the samples within five hundredths."""
    near = [mb for count, mb in done.memory if abs(count / COUNT - share) <= 0.05]
    return statistics.median(near or [mb for _, mb in done.memory])


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
        done = grading(folder / "grading")
        sqlite = writing(folder / "sqlite", None)
        with postgres("on") as url:
            server = writing(folder / "postgres", url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rate, (early, half, late) = COUNT / done.seconds, (memory_at(done, at) for at in (0.1, 0.5, 0.98))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    how = f"{COUNT} submissions in batches of 100, with the notebook that formgrader shows; peer: our grading"
    return {
        "grading_10000": {
            "ours": rate,
            "peer": None,
            "ratio": late / early,
            "unit": "submissions/s",
            "how": f"{COUNT} small NumPy submissions in {done.seconds:.0f} s, start to end, {WORKERS} at a "
            f"time, marks checked; memory (PSS, all processes) is {early:.0f} MB at 10 %, {half:.0f} MB at "
            f"50 %, {late:.0f} MB at the end: the ratio is the last by the first",
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
