"""The network of the lesson: Flatten, then Linear layers with ReLU between them."""

from collections import OrderedDict
from math import prod

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn


class MLP(nn.Module, PyTorchModelHubMixin):
    """A multilayer perceptron over images, with what it takes to feed it: the shape, the normalisation, the classes.

    forward: (N, C, H, W) float32, normalised -> (N, len(classes)) logits.
    The arguments are the checkpoint's `config.json`; the state is the Linear weights and biases alone.
    """

    def __init__(
        self, dataset: str, shape: list[int], hidden: list[int], mean: list[float], std: list[float], classes: list[str]
    ):
        super().__init__()
        self.dataset, self.shape, self.hidden, self.classes = dataset, tuple(shape), tuple(hidden), tuple(classes)
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)
        layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
        widths = [prod(shape), *hidden, len(classes)]
        for depth, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
            if depth:
                layers[f"relu{depth - 1:02d}"] = nn.ReLU()
            # Two digits, so that the names sorted as text are in order of depth.
            layers[f"linear{depth:02d}"] = nn.Linear(inputs, outputs)
        self.layers = nn.Sequential(layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)

    def normalise(self, images: Tensor) -> Tensor:
        """(..., C, H, W) float in 0..1 -> the same shape, as `forward` wants it."""
        return (images - self.mean) / self.std

    @property
    def linears(self) -> list[nn.Linear]:
        """The Linear layers from the pixels to the classes."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    @property
    def widths(self) -> tuple[int, ...]:
        """Of every layer, from the pixels to the classes."""
        return (self.linears[0].in_features, *self.hidden, len(self.classes))

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())
