"""The one place that knows ZeroGPU: elsewhere, what is decorated runs as it is."""

import torch

try:
    import spaces
except ImportError:
    spaces = None


def on_gpu(duration_seconds: int):
    """Decorate a function or generator that may use CUDA: in a ZeroGPU Space it gets a GPU for so long."""
    return spaces.GPU(duration=duration_seconds) if spaces else lambda function: function


def device() -> str:
    """`cuda` where there is one, else `cpu`; in a ZeroGPU Space to be asked inside a decorated function."""
    return "cuda" if torch.cuda.is_available() else "cpu"
