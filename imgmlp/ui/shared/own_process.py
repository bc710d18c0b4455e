"""A long computation in a process of its own: it has all cores, ends at once when it is left, and leaves no memory behind.

In a thread of the app it would take 3.4 s where it takes 1.5: torch keeps a team of threads for every thread that computes, and with
more of them than cores they wait for each other badly. So here answers are computed on one core each, and runs in processes that
are forked from a server which has torch imported and does nothing else.
"""

import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from multiprocessing.connection import Connection

import torch

CONTEXT = multiprocessing.get_context("forkserver")


class ProcessDied(Exception):
    """The computation's process is gone, as when the system has no memory left for it."""


def prepare() -> None:
    """One core for each answer from now on, and a server that processes are forked from in a few milliseconds."""
    torch.set_num_threads(1)
    CONTEXT.set_forkserver_preload(["imgmlp.training.run"])
    forkserver.ensure_running()


def in_own_process(function: Callable[..., Iterator], *inputs: object) -> Iterator:
    """What `function(*inputs)` yields, or the exception that ends it; all of it must be picklable. Raises ProcessDied."""
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_run, args=(sender, function, inputs), daemon=True)
    process.start()
    sender.close()
    try:
        while True:
            try:
                sent = receiver.recv_bytes()
            except (EOFError, OSError) as error:  # between two events, or in the middle of one
                raise ProcessDied from error
            event, error = pickle.loads(sent)
            if isinstance(error, StopIteration):
                return
            if error:
                raise error
            yield event
    finally:
        process.kill()
        receiver.close()


def _run(sender: Connection, function: Callable[..., Iterator], inputs: tuple) -> None:
    def send(event: object, error: BaseException | None = None) -> None:
        sender.send_bytes(pickle.dumps((event, error)))  # by value: a tensor in shared memory would outlive both

    try:
        for event in function(*inputs):
            send(event)
        send(None, StopIteration())
    except BrokenPipeError:
        pass  # the app is gone
    except Exception as error:
        send(None, error)
