"""An uploaded picture, opened in a process of its own: one that was made to break its decoder, or to take all time and memory, ends that process alone.

The holes known in Pillow 12.3 are mended in 13.0 (its release notes), which Gradio 6.31 does not allow. With the formats that are read here a
340 kB PNG takes 2.4 GB, and a GIF of 800 kB two seconds; of 20 MB, as that grows with the square, it would be a quarter of an hour.
"""

import os
import resource
import sys
from asyncio import get_running_loop
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from ...inference.preprocess import PictureError, open_picture
from .own_process import ProcessDied, in_own_process

CPU_SECONDS = 5  # 50 million pixels are read in under 2
MEMORY_BYTES = 1 << 30  # more than the process begins with; 50 million pixels take 200 MB
AT_ONCE = ThreadPoolExecutor(2, "uploads")


async def open_untrusted(path: str) -> Image.Image:
    """As `open_picture`; other answers go on meanwhile."""
    return await get_running_loop().run_in_executor(AT_ONCE, _open_apart, path)


def _open_apart(path: str) -> Image.Image:
    try:
        [picture] = in_own_process(_open, path)
    except ProcessDied as error:
        raise PictureError("unreadable") from error
    return picture


def _open(path: str) -> Iterator[Image.Image]:
    os.nice(10)  # answers go first
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    if sys.platform == "linux":  # elsewhere what a process holds of it is not told
        data_pages = int(Path("/proc/self/statm").read_text().split()[5])
        most = data_pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    yield open_picture(path)
