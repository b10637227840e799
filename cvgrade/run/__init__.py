"""Run and judge submissions: two processes and one wall.

    judge.Station      your machine, your rights; starts no student code
      │  a socket each
      ├── bubblewrap ── fork server "student"   has loaded NumPy, TensorFlow …; only forks
      │                  └── box ── warden      process 1 of the box: memory, interrupts, the end
      │                         └── worker      IPython and the student's cells; no capabilities, no
      │                                ▲        network, an empty home; neither tests nor answers
      │                                │ wire   values as JSON and raw numbers, checked; no pickles
      │                                ▼
      └── bubblewrap ── fork server "tester"
                         └── box ── warden
                                └── worker      the instructor's test cells, with its own NumPy and
                                                Keras; tells the station one verdict a question

A submission is a `plan.Job`; `Station.judge(job)` gives a `plan.Result`. A station judges as many at a time
as threads call it: a further one costs the memory that its two workers write to, not another TensorFlow.

* `job`, `plan`: Job, Result and what they hold; a Job out of two notebooks.
* `names`, `ownership`: which names of a test cell are the tester's, and which the student's.
* `judge`, `server`, `collected`, `sandbox`: the station; its fork servers; what the tester told it;
  bubblewrap's command line.
* `coursework`, `packages`, `versions`: an assignment in its course folder, and what decides its results.
* `command`, `grading`, `journal`, `progress`: `cvgrade run`; the run itself; what was graded stays graded.
* `cluster`, `stations`: dask.distributed, and what its workers keep.
* `forkserver`, `warden`, `namespaces`: forking into a box, watching it, and what it is made of.
* `student`, `shell`, `values`: the student's side: answering, IPython, what crosses by value.
* `tester`, `link`, `crossing`, `standin`, `kinds`, `outputs`: the tester's side.
* `wire`, `codec`, `models`, `tables`: messages, values, Keras models, pandas tables.

What the wall promises, with bubblewrap: a worker reaches no network (not even this machine's loopback and
abstract sockets), no process but its own, no file but the system's libraries, Python's packages, the course
packages and what came with the job; it cannot outlive its submission, exceed its memory, disk, processes,
output or time, nor touch the fork server, the tester or another submission. The tester believes plain values
of the student's process, and nothing else.

What it does not promise: that a question is well put. A test that asks the student's object whether it is
right gets the answer that it deserves; and the inputs of hidden tests, unlike the expected values, are seen
by the code that is called with them.
"""
