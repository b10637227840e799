import os
import signal
import subprocess
import sys
import threading

import pytest

from cvgrade.run.stopping import Stopping

BOTH = pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])


def send(word):
    os.kill(os.getpid(), word)


def steps(run):
    """What a run came to before Ctrl-C ended it."""
    done = []
    with pytest.raises(KeyboardInterrupt):
        run(done.append)
    return done


@BOTH
def test_outside_of_what_must_be_whole_it_interrupts_at_once(word):
    def run(did):
        with Stopping():
            did("before")
            send(word)
            did("later")

    assert steps(run) == ["before"]


@BOTH
def test_what_must_be_whole_is_finished_first_also_where_it_is_nested(word):
    def run(did):
        with Stopping() as stopping:
            with stopping.whole():
                with stopping.whole():
                    send(word)
                did("whole")
            did("later")

    assert steps(run) == ["whole"]


@BOTH
def test_who_asks_twice_does_not_wait(word):
    def run(did):
        with Stopping() as stopping, stopping.whole():
            send(word)
            did("first")
            send(word)
            did("second")

    assert steps(run) == ["first"]


def test_an_error_inside_passes_and_the_handlers_are_as_before():
    before = [signal.getsignal(word) for word in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ZeroDivisionError), Stopping() as stopping, stopping.whole():
        raise ZeroDivisionError
    assert [signal.getsignal(word) for word in (signal.SIGINT, signal.SIGTERM)] == before


def test_in_another_thread_it_changes_nothing():
    found = []

    def look():
        before = signal.getsignal(signal.SIGINT)
        with Stopping() as stopping, stopping.whole():
            found.append(signal.getsignal(signal.SIGINT) is before)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [True]


def test_what_was_started_deaf_to_ctrl_c_stays_deaf():
    code = (
        "import os, signal\n"
        "from cvgrade.run.stopping import Stopping\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "with Stopping():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('still here')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "still here\n"
