"""The lesson's training loop against the engine: the same network, optimizer, batch and epochs, in turn in one process.

    python -m imgmlp bench [--device cuda]
"""

import time
from dataclasses import asdict, dataclass
from statistics import mean, median

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from ..data.datasets import Images
from ..inference.classifier import evaluate
from ..model import MLP
from .config import TrainConfig
from .engine import new_model, train

ROUNDS = 3


@dataclass(frozen=True)
class Side:
    """One of the two loops."""

    seconds: float  # an epoch, the median over the rounds
    accuracy: float  # of the test set, 0..1, the mean over the rounds
    images_per_second: float


@dataclass(frozen=True)
class Bench:
    """Both, measured in one run."""

    lesson: Side
    ours: Side
    times_faster: float
    dataset: str
    batch_size: int
    epochs: int
    rounds: int
    device: str
    torch: str
    threads: int

    def as_json(self) -> dict:
        return asdict(self)


class Pictures(Dataset):
    """What torchvision's own data sets give: a Pillow picture through per-sample transforms."""

    def __init__(self, images: Images):
        from torchvision import transforms  # 1.5 s, and only this needs it

        self.images = images
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(images.spec.mean, images.spec.std)])
        self.to_picture = transforms.functional.to_pil_image

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.to_picture(self.images.pixels[index])), int(self.images.labels[index])


def lesson(training: Images, config: TrainConfig) -> tuple[MLP, float]:
    """The lesson's loop as it is written: DataLoader, per-sample transforms, eager; the network and the seconds it took."""
    torch.manual_seed(config.seed)
    model = new_model(training.spec, config.hidden).to(config.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    criterion = nn.CrossEntropyLoss()
    loader = DataLoader(Pictures(training), batch_size=config.batch_size, shuffle=True)
    started = time.perf_counter()
    for _ in range(config.epochs):
        for inputs, targets in loader:
            inputs, targets = inputs.to(config.device), targets.to(config.device)
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
    if config.device == "cuda":
        torch.cuda.synchronize()
    return model.eval(), time.perf_counter() - started


def bench(training: Images, test: Images, device: str, rounds: int = ROUNDS) -> Bench:
    """Both loops, a round each in turn, each round with its own seed. Evaluation is outside the clock on both sides."""
    spec = training.spec
    measured: dict[str, list[tuple[float, float]]] = {"lesson": [], "ours": []}
    for seed in range(rounds):
        config = TrainConfig(dataset=spec.name, device=device, seed=seed)
        model, seconds = lesson(training, config)
        measured["lesson"].append((seconds, evaluate(model, test).accuracy))
        *_, last = train(config, training.pixels, training.labels)
        measured["ours"].append((last.seconds, evaluate(last.model, test).accuracy))
    sides = {}
    for name, results in measured.items():
        seconds, accuracies = zip(*results)
        epoch = median(seconds) / config.epochs
        sides[name] = Side(epoch, mean(accuracies), len(training) / epoch)
    return Bench(
        **sides,
        times_faster=sides["lesson"].seconds / sides["ours"].seconds,
        dataset=spec.name,
        batch_size=config.batch_size,
        epochs=config.epochs,
        rounds=rounds,
        device=torch.cuda.get_device_name() if device == "cuda" else "cpu",
        torch=torch.__version__,
        threads=torch.get_num_threads(),
    )
