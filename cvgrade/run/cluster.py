"""Many submissions on many processors: dask.distributed carries submissions out and verdicts back.

By default a cluster of this machine alone. With the address of a scheduler, every machine whose `dask worker`
has joined it; these need cvgrade, the libraries and bubblewrap, but no disk in common: a task brings the
submission and takes the verdict, and the course's own packages travel once to each worker. What crosses is
JSON and bytes.

A worker that is lost is replaced or done without, and what it had is run again elsewhere.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import queue
import signal
import threading
import time
from dataclasses import dataclass, replace

from cvgrade.run import stations
from cvgrade.run.plan import Result
from cvgrade.run.sandbox import SandboxError
from cvgrade.run.versions import versions

THREADS = 8  # submissions at a time in one process: they share the loaded libraries
AHEAD = 2  # tasks waiting for each thread: enough to keep it busy, few enough to keep memory flat
LOST_SECONDS = 30
RETRIES = 3
IDLE_SECONDS = 600
CLOSE_SECONDS = 2


class ClusterError(RuntimeError):
    """The cluster cannot be had or was lost; the message says what to do."""


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        key: as it was given.
        result: `Result`, or None where it could not be run at all.
        reason: why not.
    """

    key: str
    result: Result | None = None
    reason: str = ""


class Cluster:
    """A cluster for the length of a `with` block.

    Args:
        setup: `Setup`.
        workers: submissions at a time on this machine; by default one for each processor.
        scheduler: address of a dask scheduler, such as "tcp://10.0.0.5:8786"; by default a cluster of this
            machine alone.
        report: called with a line of text worth knowing.

    Raises:
        ClusterError: if dask is not installed or the scheduler does not answer.

    Example:
        >>> with Cluster(Setup(libraries=("numpy",)), workers=4) as cluster:  # doctest: +SKIP
        ...     for outcomes in cluster.run((key, job) for key, job in jobs):
        ...         print(outcomes)
    """

    def __init__(self, setup, workers=None, scheduler=None, report=lambda line: None):
        self.text, self.report = setup.to_json(), report
        self.name = "cvgrade-" + hashlib.sha256(self.text.encode()).hexdigest()[:16]
        self.workers, self.scheduler = workers or _processors(), scheduler
        self.cluster = self.client = None

    def __enter__(self):
        try:
            import dask
            import distributed
        except ImportError:
            raise ClusterError(
                "dask.distributed, which carries submissions to workers, is not installed: "
                "pip install 'cvlib-course[grade]'"
            ) from None
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 10,
                "distributed.comm.retry.count": 2,
                "distributed.admin.large-graph-warning-threshold": "4GB",
            }
        )
        _quiet()
        try:
            if self.scheduler is None:
                self._start_here(distributed)
            self.client = distributed.Client(
                self.scheduler or self.cluster, timeout=LOST_SECONDS, set_as_default=False
            )
            self.client.register_plugin(stations.plugin(self.name, self.text))
            if self.scheduler is not None:
                self._look_at_workers()
        except (OSError, TimeoutError, ValueError) as error:
            self.stop()
            where = f"the scheduler at {self.scheduler}" if self.scheduler else "a cluster on this machine"
            raise ClusterError(
                f"no connection to {where}: {error}. Start one with `dask scheduler`, and on each machine "
                "`dask worker ADDRESS --nthreads N`, or leave --scheduler out"
            ) from error
        except KeyboardInterrupt:
            self.kill()
            raise
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.kill()
        else:
            self.stop()

    @property
    def threads(self):
        """How many submissions run at a time, now."""
        try:
            return sum(self.client.nthreads().values())
        except Exception:  # the scheduler is away for a moment
            return 0

    def run(self, jobs, tick=lambda: None):
        """Run jobs, as many at a time as there are threads; gives lists of `Outcome` as they are done.

        Args:
            jobs: iterable of (key, `Job`), taken only a little ahead of the work.
            tick: called about twice a second.

        Raises:
            ClusterError: if the scheduler is lost, or no worker is left.
            SandboxError: if a worker has no sandbox.
        """
        jobs, waiting, done = iter(jobs), {}, queue.SimpleQueue()
        self._seen = time.monotonic()
        threads, more = self.threads, True
        while True:
            while more and len(waiting) < AHEAD * max(1, threads):
                key, job = next(jobs, (None, None))
                if key is None:
                    more = False
                    break
                future = self._submit(key, job)
                waiting[key] = future
                future.add_done_callback(lambda future, key=key: done.put(key))
            if not waiting:
                return
            finished = _take(done, 0.5)
            threads = self._check(threads)
            tick()
            outcomes = [self._outcome(key, waiting.pop(key)) for key in finished if key in waiting]
            if outcomes:
                yield outcomes

    def kill(self):
        """End this machine's workers at once, and what is running with them; the rest in the background."""
        for worker in list(self.cluster.workers.values()) if self.cluster else ():
            with contextlib.suppress(Exception):
                worker.auto_restart = False
                os.kill(worker.process.pid, signal.SIGKILL)  # the sandboxes die with it
        threading.Thread(target=self.stop, daemon=True).start()

    def stop(self):
        """End the cluster."""
        with contextlib.suppress(Exception):
            if self.client.status == "running" and self.scheduler:
                self.client.unregister_worker_plugin(self.name)
        for part in (self.client, self.cluster):
            with contextlib.suppress(Exception):
                if part:
                    part.close(timeout=CLOSE_SECONDS)
        self.client = self.cluster = None

    def _start_here(self, distributed):
        processes = -(-self.workers // THREADS)
        shown = importlib.util.find_spec("bokeh") is not None
        self.cluster = distributed.LocalCluster(
            n_workers=processes,
            threads_per_worker=-(-self.workers // processes),
            host="127.0.0.1",
            memory_limit=0,  # the sandbox limits each submission
            dashboard_address="127.0.0.1:0",  # None would ask for port 8787, also without a dashboard
            security=self._security(),
            silence_logs=40,
        )
        if shown:
            self.report(f"dashboard: {self.cluster.dashboard_link}")

    def _security(self):
        """Keys for this run alone: without them, whoever has an account here could send the workers work."""
        if importlib.util.find_spec("cryptography") is not None:
            return True
        self.report("the cluster on this machine is not closed to its other users: pip install cryptography")
        return None

    def _look_at_workers(self):
        """Wait for a first worker, and see that all run the same as this machine."""
        if not self.client.nthreads():
            self.report(f"no worker has joined {self.scheduler} yet; waiting {LOST_SECONDS} s")
            self.client.wait_for_workers(1, timeout=LOST_SECONDS)
        ours = versions()
        for worker, theirs in self.client.run(versions).items():
            differ = [
                f"{name} {theirs.get(name)}, here {ours.get(name)}"
                for name in ours
                if theirs.get(name) != ours[name]
            ]
            if differ:
                self.report(f"{worker} differs: {'; '.join(differ)}")

    def _submit(self, key, job):
        text = json.dumps(replace(job, files={}, hidden_files={}, packages=()).to_json())
        return self.client.submit(
            stations.judge,
            self.name,
            text,
            job.files,
            job.hidden_files,
            key=f"{self.name}-{key}",
            pure=False,
            retries=RETRIES,
        )

    def _outcome(self, key, future):
        if future.cancelled() or future.status == "cancelled":
            raise ClusterError(
                "the scheduler was lost: run the same command again, and it goes on from there"
            )
        try:
            return Outcome(key, Result.from_json(json.loads(future.result(timeout=60))))
        except SandboxError:
            raise
        except (TimeoutError, OSError) as error:
            raise ClusterError(f"the cluster was lost ({error}): run the same command again") from error
        except Exception as error:  # a worker, not a submission, failed again and again
            return Outcome(key, None, f"{type(error).__name__}: {error}")
        finally:
            future.release()

    def _check(self, threads):
        """Notice a scheduler that is gone, and workers that came or went."""
        now = time.monotonic()
        if self.client.status == "running":
            if now - self._seen >= 1:
                threads = self.threads
            if threads:
                self._seen = now
        if now - self._seen > LOST_SECONDS:
            what = "no worker is left" if self.client.status == "running" else "the scheduler does not answer"
            raise ClusterError(f"{what}: run the same command again, and it goes on from there")
        return threads


def _take(done, seconds):
    """What is finished by now; waits a little for the first."""
    found = []
    with contextlib.suppress(queue.Empty):
        found.append(done.get(timeout=seconds))
        while True:
            found.append(done.get_nowait())
    return found


def _processors():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quiet():
    """dask tells of every worker that comes and goes; progress and errors say what matters."""
    import logging

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
