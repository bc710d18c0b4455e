"""From pictures to answers: probabilities, and how good they are over a whole split."""

from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from PIL import Image
from torch import Tensor

from ..data.datasets import DATASETS, Images
from ..model import MLP
from .preprocess import Polarity, Prepared, prepare

BATCH = 1000  # pictures, the lesson's test batch


@dataclass(frozen=True)
class Evaluation:
    """A network against labelled pictures."""

    labels: Tensor  # (N,) int64
    probabilities: Tensor  # (N, classes) float32

    @property
    def predictions(self) -> Tensor:
        return self.probabilities.argmax(1)

    @property
    def correct(self) -> int:
        return int((self.predictions == self.labels).sum())

    @property
    def accuracy(self) -> float:
        """The share of right answers, 0..1."""
        return self.correct / len(self.labels)

    @property
    def class_accuracy(self) -> list[float]:
        """The share of right answers for each class, 0..1."""
        right = (self.predictions == self.labels).float()
        return [right[self.labels == label].mean().item() for label in range(self.probabilities.shape[1])]

    @property
    def confidences(self) -> Tensor:
        """(N,) the probability of each answer, 0..1."""
        return self.probabilities.max(1).values

    @property
    def confusion(self) -> Tensor:
        """(classes, classes) int64: how many pictures of the row's class were read as the column's."""
        classes = self.probabilities.shape[1]
        return torch.bincount(self.labels * classes + self.predictions, minlength=classes * classes).view(classes, classes)

    def read_as(self, label: int, prediction: int) -> Tensor:
        """(M,) int64: the places of the pictures of class `label` read as `prediction`, the most confident first."""
        places = ((self.labels == label) & (self.predictions == prediction)).nonzero().flatten()
        return places[self.confidences[places].argsort(descending=True, stable=True)]

    @property
    def calibration_error(self) -> float:
        """ECE over 15 equal bins of confidence (Guo et al. 2017), 0..1."""
        confidence = self.confidences
        gap = (self.predictions == self.labels).float() - confidence
        bins = (confidence * 15).long().clamp(max=14)
        return sum(gap[bins == b].sum().abs().item() for b in range(15)) / len(gap)


@dataclass(frozen=True)
class Answer:
    """What a network makes of one picture."""

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    prepared: Prepared

    @property
    def index(self) -> int:
        return max(range(len(self.classes)), key=self.probabilities.__getitem__)

    @property
    def label(self) -> str:
        return self.classes[self.index]

    def as_json(self) -> dict:
        """`{label, probabilities: {class: p}}`, as the command line and HTTP give it."""
        return {"label": self.label, "probabilities": dict(zip(self.classes, self.probabilities))}


def classify(model: MLP, picture: Image.Image, polarity: Polarity = "auto") -> Answer:
    """One picture (mode L, RGB or RGBA) through the stages and the network; raises PictureError."""
    prepared = prepare(picture, DATASETS[model.dataset], polarity)
    return answer(model, prepared)


@torch.inference_mode()
def answer(model: MLP, prepared: Prepared) -> Answer:
    """A picture that is ready, through the network."""
    logits = model(model.normalise(prepared.image[None]))[0]
    return Answer(model.classes, tuple(logits.softmax(0).tolist()), prepared)


def seconds_an_answer(model: MLP) -> float:
    """How long one picture takes through the network here: the median of nine."""
    image = torch.zeros(1, *model.shape)
    taken = []
    for _ in range(9):
        started = perf_counter()
        probabilities(model, image)
        taken.append(perf_counter() - started)
    return median(taken)


def probabilities(model: MLP, images: Tensor) -> Tensor:
    """(N, C, H, W) float in 0..1, not normalised -> (N, classes) float32 that sum to one."""
    return read(model, model.normalise(images))


@torch.inference_mode()
def read(model: MLP, inputs: Tensor) -> Tensor:
    """(N, C, H, W) float32 exactly as the network gets it, normalised or not -> (N, classes) float32 that sum to one."""
    return model(inputs).softmax(1)


def evaluate(model: MLP, images: Images) -> Evaluation:
    """The network's answers to a whole split."""
    device = model.mean.device
    answers = [probabilities(model, chunk.to(device).float() / 255).cpu() for chunk in images.pixels.split(BATCH)]
    return Evaluation(images.labels, torch.cat(answers))
