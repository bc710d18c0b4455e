"""A computation in a process of its own: its events come, its errors too, and leaving it leaves nothing."""

import os
import signal
import threading
import time

import pytest

from imgmlp.inference.preprocess import PictureError
from imgmlp.memory.measure import TooLarge
from imgmlp.memory.search import CapTooSmall
from imgmlp.training.config import TrainConfig
from imgmlp.training.engine import Diverged
from imgmlp.training.run import follow
from imgmlp.ui.shared.own_process import ProcessDied, in_own_process


def count(to: int):
    for number in range(to):
        yield number, os.getpid()


def diverge():
    yield 1
    raise Diverged


def fail(error: Exception):
    yield 1
    raise error


def be_killed():
    yield 1
    os.kill(os.getpid(), signal.SIGKILL)  # as the system does when memory runs out


def be_killed_while_sending():
    yield 1
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
    yield bytes(50_000_000)  # more than a pipe holds


def be_busy():
    yield os.getpid()
    while True:
        pass


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_events_come_in_order_from_another_process():
    numbers, processes = zip(*in_own_process(count, 5))
    assert numbers == (0, 1, 2, 3, 4) and os.getpid() not in processes


def test_its_error_is_raised_here():
    events = in_own_process(diverge)
    assert next(events) == 1
    with pytest.raises(Diverged):
        next(events)


@pytest.mark.parametrize("error", [TooLarge(2000, 1000), CapTooSmall(500_000_000), PictureError("large")], ids=lambda error: type(error).__name__)
def test_an_error_comes_with_what_it_says(error):
    with pytest.raises(type(error)) as caught:
        list(in_own_process(fail, error))
    assert str(caught.value) == str(error) and vars(caught.value) == vars(error)


def test_a_process_that_is_killed_is_told():
    events = in_own_process(be_killed)
    assert next(events) == 1
    with pytest.raises(ProcessDied):
        next(events)


def test_a_process_that_is_killed_in_the_middle_of_an_event_is_told():
    events = in_own_process(be_killed_while_sending)
    assert next(events) == 1
    time.sleep(1)
    with pytest.raises(ProcessDied):
        next(events)


def test_an_error_of_the_computation_that_looks_like_the_pipes_is_its_own():
    with pytest.raises(EOFError, match="of a file"):
        list(in_own_process(fail, EOFError("of a file")))


def test_leaving_it_ends_it_at_once_even_in_the_middle_of_a_step():
    threads = threading.active_count()
    events = in_own_process(be_busy)
    process = next(events)
    events.close()
    deadline = time.monotonic() + 1
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(process) and threading.active_count() == threads


def test_a_run_is_the_same_as_here():
    config = TrainConfig(hidden=(8,), batch_size=2000)
    *_, there = in_own_process(follow, config)
    *_, here = follow(config)
    assert there.test.correct == pytest.approx(here.test.correct, abs=20)  # with another number of threads, sums end otherwise
    assert there.config == here.config and len(there.snapshots[-1].weights) == 4
