"""Everything that a training run depends on, checked before it starts."""

from dataclasses import dataclass
from typing import Literal, get_args

from ..data.datasets import DATASETS
from .augment import Augmentation
from .unrolled import Convolution

OptimizerName = Literal["sgd", "momentum", "adam", "adamw"]
OPTIMIZERS = get_args(OptimizerName)


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether a setting is a whole number within its bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


class SettingError(ValueError):
    """A setting that cannot be trained with; `setting` is its name, the message one sentence for the user."""

    def __init__(self, setting: str, sentence: str):
        super().__init__(sentence)
        self.setting = setting


def check(settings: dict[str, tuple[bool, str]]) -> None:
    """Raises SettingError for the first setting, by name, that does not hold, with the sentence that stands beside it."""
    for setting, (holds, sentence) in settings.items():
        if not holds:
            raise SettingError(setting, sentence)


@dataclass(frozen=True)
class TrainConfig:
    """Everything a run depends on. The defaults are the lesson's."""

    dataset: str = "mnist"
    hidden: tuple[int, ...] = (128,)
    optimizer: OptimizerName = "adam"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "one-cycle"] = "constant"
    batch_size: int = 64
    epochs: int = 1
    augment: bool = False
    augmentation: Augmentation | None = None  # how, if not as is usual for the data set
    label_smoothing: float = 0.0
    weight_decay: float = 0.0
    averaging: float = 0.0  # decay of the weights' moving average; 0 keeps the last weights
    components: int = 0  # principal components to whiten the inputs to; 0 trains on the pixels
    convolutions: tuple[Convolution, ...] = ()  # as which the first hidden layers are trained, to be written out at the end
    seed: int = 0
    device: str = "cpu"
    blend: float = 0.0  # share of the pictures that are mixed with another one, where a teacher says what the mixture is
    trust: float = 1.0  # in a teacher: the share of its answer in what is learned; the label is the rest
    views: int = 0  # epochs of pictures that a teacher is asked about beforehand, to be met again and again; 0 asks about every one
    bf16: bool = False  # multiply in it; on the CPU a gain only where the CPU has matrix units for it

    def __post_init__(self) -> None:
        """Raises SettingError for a value that cannot be trained with."""
        check({
            "dataset": (self.dataset in list(DATASETS), f"The data set must be one of {', '.join(DATASETS)}."),
            "hidden": (
                isinstance(self.hidden, tuple) and len(self.hidden) <= 16 and all(is_whole(width, 1, 8192) for width in self.hidden),
                "There can be at most 16 hidden layers, each a whole number of units between 1 and 8,192.",
            ),
            "optimizer": (self.optimizer in OPTIMIZERS, "The optimizer must be sgd, momentum, adam or adamw."),
            "learning_rate": (
                isinstance(self.learning_rate, (int, float)) and not isinstance(self.learning_rate, bool) and 0 < self.learning_rate <= 10,
                "The learning rate must be above 0 and at most 10.",
            ),
            "batch_size": (is_whole(self.batch_size, 1, 60_000), "The batch size must be a whole number between 1 and 60,000."),
            "epochs": (is_whole(self.epochs, 1, 10_000), "The epochs must be a whole number between 1 and 10,000."),
            "augment": (isinstance(self.augment, bool), "Whether to augment must be true or false."),
            "seed": (is_whole(self.seed, 0, 2**32 - 1), "The seed must be a whole number between 0 and 4294967295."),
            "convolutions": (not (self.convolutions and self.components), "Whitened inputs are no picture that convolutions could be trained on."),
        })  # fmt: skip
