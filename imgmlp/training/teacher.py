"""The teacher: a convolutional network that answers better than an MLP can, and whose answers an MLP learns from.

What it says of a picture, "a 4, but with something of a 9", tells more than the label does (Hinton et al. 2015,
"Distilling the Knowledge in a Neural Network"), and most on the very view of it that the pupil gets (Beyer et al. 2022,
"Knowledge distillation: a good teacher is patient and consistent"). It learns from the training set alone and is not kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, autocast, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

from ..data.datasets import DatasetSpec, Images
from .augment import AUGMENTATIONS, augment
from .batches import Teacher

BATCH = 500  # pictures


@dataclass(frozen=True)
class TeacherConfig:
    """How a teacher is made."""

    channels: tuple[int, ...]  # of each stage, every one with half of the pixels a side of the one before
    epochs: int
    temperature: float = 1.0  # its logits are divided by it: above 1 it says more of the classes that it holds for unlikely
    learning_rate: float = 0.2
    seed: int = 0
    device: str = "cpu"


class Residual(nn.Module):
    """Two convolutions whose result is added to what came in (He et al. 2016)."""

    def __init__(self, channels: int):
        super().__init__()
        self.change = nn.Sequential(*convolution(channels, channels), *convolution(channels, channels))

    def forward(self, images: Tensor) -> Tensor:
        return images + self.change(images)


def convolution(inputs: int, outputs: int, pool: int = 1) -> list[nn.Module]:
    """(N, inputs, H, W) -> (N, outputs, H / pool, W / pool): 3 x 3, pooled, batch-normalised, ReLU."""
    # Pooled first, what follows has a quarter of the pixels; a ReLU in place needs no memory of its own: together 1.2 to 1.5 times the speed.
    pooling = [nn.MaxPool2d(pool)] if pool > 1 else []
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), *pooling, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def new_teacher(inputs: int, classes: int, channels: tuple[int, ...]) -> nn.Sequential:
    """(N, inputs, H, W) -> (N, classes) logits: stages of convolution, pooling and a residual block (after Page 2018, "ResNet-9")."""
    stages = []
    for before, after in zip((inputs, *channels), channels):
        stages += [*convolution(before, after, pool=2), Residual(after)]
    return nn.Sequential(*stages, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels[-1], classes))


def teach(config: TeacherConfig, images: Images, report: Callable[[str], None]) -> nn.Module:
    """Train a teacher on augmented pictures; returns it in eval mode. bf16 where it is multiplied, float32 where it is kept."""
    torch.manual_seed(config.seed)
    generator = Generator(config.device).manual_seed(config.seed)
    spec = images.spec
    model = new_teacher(spec.shape[0], len(spec.classes), config.channels).to(config.device, memory_format=torch.channels_last)
    optimizer = SGD(model.parameters(), config.learning_rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = len(range(0, len(images), BATCH)) * config.epochs
    schedule = OneCycleLR(optimizer, config.learning_rate, steps, pct_start=0.2, cycle_momentum=False)
    pixels, labels = images.pixels.to(config.device), images.labels.to(config.device)
    for epoch in range(1, config.epochs + 1):
        total = 0.0
        for places in torch.randperm(len(labels), generator=generator, device=labels.device).split(BATCH):
            loss = cross_entropy(_answer(model, augment(pixels[places], AUGMENTATIONS[spec.name], generator), spec), labels[places])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(places)
        report(f"teacher, epoch {epoch} of {config.epochs}, loss {total / len(labels):.4f}")
    return model.eval()


def asked(model: nn.Module, spec: DatasetSpec, temperature: float = 1.0) -> Teacher:
    """A teacher, as the engine asks it."""

    @torch.no_grad()
    def answer(images: Tensor) -> Tensor:
        return (_answer(model, images, spec) / temperature).softmax(1)

    return answer


def _answer(model: nn.Module, images: Tensor, spec: DatasetSpec) -> Tensor:
    """(N, C, H, W) float in 0..1 -> (N, classes) float32 logits."""
    mean, std = (torch.tensor(values, device=images.device).view(-1, 1, 1) for values in (spec.mean, spec.std))
    with autocast(images.device.type, torch.bfloat16):
        return model(((images - mean) / std).contiguous(memory_format=torch.channels_last)).float()
