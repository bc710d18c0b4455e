"""One training step, written once: the engine runs it, the memory trace predicts it, the measurement measures it."""

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer


def training_step(model: nn.Module, optimizer: Optimizer, inputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Forward, backward, update; returns the loss, a scalar without its graph.

    inputs: (N, C, H, W) float, normalised. targets: (N,) int64, or (N, classes) that sum to one. smoothing: label smoothing (Szegedy et al. 2016), 0..1.
    """
    optimizer.zero_grad(set_to_none=True)
    loss = cross_entropy(model(inputs), targets, label_smoothing=smoothing)
    loss.backward()
    optimizer.step()
    return loss.detach()
