"""What a training step will cost: its allocations replayed through the allocator's model, with the libraries' own memory.

On the CPU there is no such allocator: the bytes requested are all that is predicted there.
"""

from dataclasses import asdict, dataclass

from .allocator import Allocator, Block, DeviceFull
from .devices import LT_WORKSPACE, Device, blas_workspace_bytes, blas_workspace_is_kept, column_sum_bytes, torch_version
from .step import STEPS, StepConfig
from .trace import PARTS, Allocation, ColumnSum, Part, Product, Release, StepBegins, trace

MEASURED_VERSIONS: tuple[tuple[int, int], ...] = ()  # of torch, held against a card by tests/gpu; others are modelled


@dataclass(frozen=True)
class Peaks:
    """The three peaks of a step in steady state, as torch.cuda.memory_stats() counts them; on the CPU the first alone."""

    requested_bytes: int
    allocated_bytes: int | None
    reserved_bytes: int | None


@dataclass(frozen=True)
class Moment:
    """How the requested bytes are divided after an allocation."""

    op: str
    parts: dict[Part, int]  # bytes

    @property
    def total_bytes(self) -> int:
        return sum(self.parts.values())


@dataclass(frozen=True)
class Estimate:
    """A predicted step."""

    peaks: Peaks
    parts: dict[Part, int]  # bytes, each at its own largest
    timeline: tuple[Moment, ...]  # of one step
    device: Device | None  # None: the CPU
    torch: tuple[int, int]
    fits: bool  # in the card's memory

    @property
    def modelled(self) -> bool:
        """Whether no card has confirmed yet what is said of this version of torch."""
        return self.device is not None and self.torch not in MEASURED_VERSIONS

    def as_json(self, measured: dict | None = None) -> dict:
        """As the command line and HTTP give it, with a measurement of the same step if there is one."""
        return {
            "predicted": asdict(self.peaks),
            "parts": self.parts,
            "peak_op": self.peak.op,
            "measured": measured,
            "device": self.device.name if self.device else "cpu",
            "torch": ".".join(map(str, self.torch)),
            "modelled": self.modelled,
        }

    @property
    def peak(self) -> Moment:
        """Where the requested bytes are the most; of several such moments the first."""
        return max(self.timeline, key=lambda moment: moment.total_bytes)


def estimate(config: StepConfig, device: Device | None, version: tuple[int, int] | None = None) -> Estimate:
    """The peaks of the last of STEPS steps, their parts and the timeline. `device` None is the CPU; nothing is allocated anywhere.

    version: of torch, for its workspaces; without it the one that runs.
    """
    version = version or torch_version()
    replay = _Replay(config, device, version, Allocator())
    replay.run()
    allocator = replay.allocator
    peaks = Peaks(allocator.requested_peak, *((allocator.allocated_peak, allocator.reserved_peak) if device else (None, None)))
    fits = device is None or allocator.reserved_peak <= device.memory_bytes
    largest = {part: max(moment.parts[part] for moment in replay.timeline) for part in PARTS}
    return Estimate(peaks, largest, tuple(replay.timeline), device, version, fits)


def fits(config: StepConfig, device: Device, cap_bytes: int) -> bool:
    """Whether STEPS steps can be taken with `cap_bytes` of segments, free ones given back when there are no more."""
    try:
        _Replay(config, device, torch_version(), Allocator(capacity=cap_bytes)).run()
    except DeviceFull:
        return False
    return True


class _Replay:
    """The events of a trace, for one batch size, on one device."""

    def __init__(self, config: StepConfig, device: Device | None, version: tuple[int, int], allocator: Allocator):
        self.events, self.batch = trace(config.batch(1)), config.batch_size
        self.device, self.version, self.allocator = device, version, allocator
        self.now = dict.fromkeys(PARTS, 0)
        self.timeline: list[Moment] = []
        self.blocks: dict[int, tuple[Block, Part]] = {}
        self.handles: set[bool] = set()  # forward, backward: whose workspace is there

    def run(self) -> None:
        for event in self.events:
            match event:
                case Allocation():
                    if size := event.size(self.batch):
                        self.blocks[event.storage] = self._take(size, event.part, event.op), event.part
                case Release():
                    if taken := self.blocks.pop(event.storage, None):
                        self._give_back(*taken)
                case StepBegins():
                    if event.number == STEPS:
                        self.allocator.reset_peaks()
                        self.timeline = [Moment("step", dict(self.now))]
                case Product() if self.device:
                    self._product(event, self.device)
                case ColumnSum() if self.device:
                    sizes = column_sum_bytes(self.batch, event.columns, self.device)
                    self._for_a_moment([size for size in sizes if size], event.op)

    def _product(self, event: Product, device: Device) -> None:
        if not blas_workspace_is_kept(self.version):
            with_bias = event.op == "aten::addmm"
            self._for_a_moment([LT_WORKSPACE if with_bias else blas_workspace_bytes(device, self.version)], event.op)
        elif event.backward not in self.handles:
            self.handles.add(event.backward)
            self._take(blas_workspace_bytes(device, self.version), "workspace", event.op)

    def _for_a_moment(self, sizes: list[int], op: str) -> None:
        taken = [self._take(size, "workspace", op) for size in sizes]
        for block in taken:
            self._give_back(block, "workspace")

    def _take(self, size: int, part: Part, op: str) -> Block:
        block = self.allocator.allocate(size)
        self.now[part] += size
        self.timeline.append(Moment(op, dict(self.now)))
        return block

    def _give_back(self, block: Block, part: Part) -> None:
        self.now[part] -= block.requested
        self.allocator.free(block)
