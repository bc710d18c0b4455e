"""The lesson's way to reckon: so many bytes for every parameter, and the pictures of a batch. What it leaves out, the step has all the same."""

from dataclasses import dataclass
from math import prod

from ..data.datasets import DATASETS
from ..training.engine import parameter_count
from .step import StepConfig
from .trace import Part

FLOAT32 = 4  # bytes
MOMENTS = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}  # copies of the parameters that the optimizer keeps
SAFETY = 0.8  # the lesson's share of the largest batch that fits: a convention, no law


@dataclass(frozen=True)
class Reckoning:
    """Bytes of each part, in training; activations and workspace are none of the lesson's."""

    parts: dict[Part, int]

    @property
    def total_bytes(self) -> int:
        return sum(self.parts.values())


def reckon(config: StepConfig) -> Reckoning:
    """Parameters, gradients, optimizer state and pictures, in float32."""
    spec = DATASETS[config.dataset]
    parameters = FLOAT32 * parameter_count(spec, config.hidden)
    learned = config.training
    return Reckoning(
        {
            "parameters": parameters,
            "gradients": parameters if learned else 0,
            "optimizer": parameters * MOMENTS[config.optimizer] if learned else 0,
            "batch": FLOAT32 * prod(spec.shape) * config.batch_size,
        }
    )
