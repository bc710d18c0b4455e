"""The step whose memory is predicted and measured, in one piece of code for both: `training_step` on a batch of its own."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor, autocast
from torch.optim import SGD, Adam, AdamW, Optimizer

from ..data.datasets import DATASETS
from ..model import MLP
from ..training.config import OPTIMIZERS, OptimizerName, check, is_whole
from ..training.engine import new_model
from ..training.step import training_step

Implementation = Literal["foreach", "fused", "loop"]
IMPLEMENTATIONS = get_args(Implementation)
MOST_PICTURES = 1_000_000
STEPS = 3  # the third is the first with all of the optimizer's state and the gradients of a step before


@dataclass(frozen=True)
class StepConfig:
    """Everything the memory of a step depends on, the device apart."""

    dataset: str = "mnist"
    hidden: tuple[int, ...] = (128,)
    optimizer: OptimizerName = "adam"
    implementation: Implementation = "foreach"  # PyTorch's default on CUDA
    batch_size: int = 64
    bf16: bool = False
    training: bool = True  # False: the forward pass alone, as in testing

    def __post_init__(self) -> None:
        """Raises SettingError for what no step can be taken with."""
        check({
            "dataset": (self.dataset in list(DATASETS), f"The data set must be one of {', '.join(DATASETS)}."),
            "hidden": (
                isinstance(self.hidden, tuple) and len(self.hidden) <= 16 and all(is_whole(width, 1, 1_000_000) for width in self.hidden),
                "There can be at most 16 hidden layers, each a whole number between 1 and 1,000,000 wide.",
            ),
            "optimizer": (self.optimizer in OPTIMIZERS, "The optimizer must be sgd, momentum, adam or adamw."),
            "implementation": (self.implementation in IMPLEMENTATIONS, "The implementation must be foreach, fused or loop."),
            "batch_size": (is_whole(self.batch_size, 1, MOST_PICTURES), "The batch size must be a whole number between 1 and 1,000,000."),
        })  # fmt: skip

    def batch(self, batch_size: int) -> "StepConfig":
        """The same with another batch size."""
        return replace(self, batch_size=batch_size)


def step_model(config: StepConfig) -> MLP:
    """The network, on the CPU. Only its `layers` need to go elsewhere: the batch is normalised before it gets there."""
    return new_model(DATASETS[config.dataset], config.hidden)


def step_optimizer(config: StepConfig, model: MLP) -> Optimizer:
    """The optimizer of `config`, its implementation always said, so that no default of a version or device decides."""
    form = {"foreach": config.implementation == "foreach", "fused": config.implementation == "fused"}
    if config.optimizer in ("sgd", "momentum"):
        return SGD(model.parameters(), 1e-3, momentum=0.9 if config.optimizer == "momentum" else 0.0, **form)
    return (Adam if config.optimizer == "adam" else AdamW)(model.parameters(), 1e-3, **form)


def make_batch(config: StepConfig, device: str) -> tuple[Tensor, Tensor]:
    """(N, C, H, W) float32 and (N,) int64 on `device`; their memory is what matters, not what is on them."""
    spec = DATASETS[config.dataset]
    return torch.zeros(config.batch_size, *spec.shape, device=device), torch.zeros(config.batch_size, dtype=torch.long, device=device)


def take_step(config: StepConfig, model: MLP, optimizer: Optimizer, inputs: Tensor, targets: Tensor) -> None:
    """One step on a batch that is on the model's device already; nothing of it outlives the caller's `inputs` and `targets`."""
    device = "cuda" if inputs.is_cuda else "cpu"
    with autocast(device, torch.bfloat16) if config.bf16 else nullcontext():
        if config.training:
            training_step(model, optimizer, inputs, targets)
        else:
            with torch.no_grad():
                model(inputs)
