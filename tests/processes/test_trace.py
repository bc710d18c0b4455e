"""Steps are traced in whichever thread asks."""

import subprocess
import sys

from tests.conftest import ROOT


def test_any_thread_may_ask():
    """In a process of its own, which torch would end where two threads trace."""
    code = """
import threading
from imgmlp.memory.estimate import estimate
from imgmlp.memory.step import StepConfig
for width in range(30, 36):
    asking = threading.Thread(target=lambda: estimate(StepConfig(hidden=(width,)), None))
    asking.start()
    asking.join()
print("all answered")"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "all answered\n"
