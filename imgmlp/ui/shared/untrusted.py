"""An uploaded picture, opened in another process: one that was made to break its decoder, or to take all time and memory, ends that process alone.

The holes known in Pillow 12.3 are mended in 13.0 (its release notes), which Gradio 6.31 does not allow. With the formats that are read here a
340 kB PNG takes 2.4 GB, and a GIF of 800 kB two seconds; of 20 MB, as that grows with the square, it would be a quarter of an hour.
"""

import asyncio
import os
import resource
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

from PIL import Image

from ...inference.preprocess import PictureError, open_picture
from .own_process import CONTEXT

CPU_SECONDS = 5  # for a picture; 50 million pixels are read in under 2
MEMORY_BYTES = 1 << 30  # more than the process begins with; 50 million pixels take 200 MB
PATIENCE_SECONDS = 30
AT_ONCE = ThreadPoolExecutor(2, "uploads")
threads = threading.local()  # each of the two has an `opener`, the way to its process


async def open_untrusted(path: str) -> Image.Image:
    """As `open_picture`, and PictureError too where others' pictures are waited for too long; other answers go on meanwhile."""
    opened = asyncio.get_running_loop().run_in_executor(AT_ONCE, _ask, path)
    try:
        return await asyncio.wait_for(opened, PATIENCE_SECONDS)
    except TimeoutError as error:
        raise PictureError("busy") from error


def _ask(path: str) -> Image.Image:
    if not hasattr(threads, "opener"):
        threads.opener, theirs = CONTEXT.Pipe()
        CONTEXT.Process(target=_open_all, args=(theirs,), daemon=True).start()
        theirs.close()
    try:
        threads.opener.send(path)
        answer = threads.opener.recv()
    except (EOFError, OSError) as error:  # the process is gone; the next picture gets another one
        del threads.opener
        raise PictureError("unreadable") from error
    if isinstance(answer, PictureError):
        raise answer
    return answer


def _open_all(connection: Connection) -> None:
    os.nice(10)  # answers go first
    if sys.platform == "linux":  # elsewhere what a process holds of it is not told
        data_pages = int(Path("/proc/self/statm").read_text().split()[5])
        _limit(resource.RLIMIT_DATA, data_pages * resource.getpagesize() + MEMORY_BYTES)
    while True:
        try:
            path = connection.recv()
        except EOFError:
            return  # the app is gone
        spent = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime) + CPU_SECONDS)
        try:
            connection.send(open_picture(path))
        except PictureError as error:
            connection.send(error)


def _limit(resources: int, most: int) -> None:
    _, allowed = resource.getrlimit(resources)
    resource.setrlimit(resources, (most if allowed == resource.RLIM_INFINITY else min(most, allowed), allowed))
