"""Stands in for the `spaces` package of a ZeroGPU Space, where there is none: put this folder on PYTHONPATH.

As there, a decorated function runs in a forked process that inputs, yields and errors are pickled into and out of; in the parent
CUDA pretends to be available; and a duration is asked for first. Durations are written to IMGMLP_DURATIONS, a line each.
"""

import multiprocessing
import os
import pickle
from types import SimpleNamespace

import torch

torch.cuda.is_available = lambda parent=os.getpid(): os.getpid() == parent
torch.cuda.get_device_properties = lambda device: SimpleNamespace(  # spaces 0.51.3's, zero/torch/static.py and zero/config.py
    name="NVIDIA H200", major=9, minor=0, total_memory=74_625_056_768, multi_processor_count=60
)
FORK = multiprocessing.get_context("fork")


def GPU(duration):
    def decorate(function):
        def run(*inputs):
            with open(os.environ["IMGMLP_DURATIONS"], "a") as log:
                print(duration(*inputs) if callable(duration) else duration, file=log)
            receiver, sender = FORK.Pipe(duplex=False)
            worker = FORK.Process(target=work, args=(sender, function, pickle.dumps(inputs)), daemon=True)
            worker.start()
            sender.close()
            try:
                while True:
                    kind, value = pickle.loads(receiver.recv_bytes())
                    if kind == "end":
                        return
                    if kind == "error":
                        raise value
                    yield value
            finally:
                worker.kill()

        return run

    return decorate


def work(sender, function, inputs: bytes) -> None:
    send = lambda *message: sender.send_bytes(pickle.dumps(message))
    try:
        for value in function(*pickle.loads(inputs)):
            send("yield", value)
        send("end", None)
    except Exception as error:
        send("error", error)
