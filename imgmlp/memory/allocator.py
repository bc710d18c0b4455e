"""PyTorch's CUDA caching allocator, as a model: the same blocks, splits and segments, without a GPU.

Follows c10/core/AllocatorConfig.h and c10/cuda/CUDACachingAllocator.cpp (torch 2.11) with their default settings, on one stream.
"""

from bisect import insort
from dataclasses import dataclass, field

MIN_BLOCK = 512  # bytes; kMinBlockSize
SMALL_REQUEST = 1 << 20  # bytes; kSmallSize: up to here a request comes from the small pool
SMALL_SEGMENT = 2 << 20  # bytes; kSmallBuffer
MIN_OWN_SEGMENT = 10 << 20  # bytes; kMinLargeAlloc: from here on a request has a segment of its own
LARGE_SEGMENT = 20 << 20  # bytes; kLargeBuffer
SEGMENT_ROUNDING = 2 << 20  # bytes; kRoundLarge


class DeviceFull(Exception):
    """The device has no memory left for a segment, even with every free one given back."""


@dataclass(eq=False)
class Block:
    """A piece of a segment; its neighbours are those next to it in the segment."""

    address: int
    size: int  # bytes, rounded
    pool: list["Block"]
    requested: int = 0  # bytes that were asked for; 0 while free
    previous: "Block | None" = None
    next: "Block | None" = None

    def __lt__(self, other: "Block") -> bool:
        """The allocator's choice: the smallest that fits, then the lowest address."""
        return (self.size, self.address) < (other.size, other.address)


@dataclass
class Allocator:
    """Hands out blocks and counts, in bytes, what torch.cuda.memory_stats() counts."""

    capacity: int | None = None  # bytes that can be reserved; None: no end
    requested: int = 0
    allocated: int = 0
    reserved: int = 0
    requested_peak: int = 0
    allocated_peak: int = 0
    reserved_peak: int = 0
    _small: list[Block] = field(default_factory=list)  # free blocks, in the order of choice
    _large: list[Block] = field(default_factory=list)
    _address: int = 0  # where the next segment begins

    def allocate(self, size: int) -> Block:
        """A block for `size` bytes, at least 1. Raises DeviceFull."""
        rounded = max(MIN_BLOCK, -(-size // MIN_BLOCK) * MIN_BLOCK)
        small = rounded <= SMALL_REQUEST
        pool = self._small if small else self._large
        block = next((one for one in pool if one.size >= rounded), None)
        if block:
            pool.remove(block)
        else:
            block = self._segment(rounded, pool)
        rest = block.size - rounded
        if rest >= MIN_BLOCK if small else rest > SMALL_REQUEST:
            behind = Block(block.address + rounded, rest, pool, previous=block, next=block.next)
            if block.next:
                block.next.previous = behind
            block.next, block.size = behind, rounded
            insort(pool, behind)
        block.requested = size
        self.requested += size
        self.allocated += block.size
        self.requested_peak = max(self.requested_peak, self.requested)
        self.allocated_peak = max(self.allocated_peak, self.allocated)
        return block

    def free(self, block: Block) -> None:
        """Give a block back; with free neighbours it becomes one."""
        self.requested -= block.requested
        self.allocated -= block.size
        block.requested = 0
        pool = block.pool
        if (before := block.previous) and not before.requested:
            pool.remove(before)
            block = self._joined(before, block)
        if (behind := block.next) and not behind.requested:
            pool.remove(behind)
            block = self._joined(block, behind)
        insort(pool, block)

    def reset_peaks(self) -> None:
        """As torch.cuda.reset_peak_memory_stats."""
        self.requested_peak, self.allocated_peak, self.reserved_peak = self.requested, self.allocated, self.reserved

    def empty_cache(self) -> None:
        """As torch.cuda.empty_cache: segments that are wholly free go back to the device."""
        for pool in (self._small, self._large):
            for block in [one for one in pool if not one.previous and not one.next]:
                pool.remove(block)
                self.reserved -= block.size

    def _segment(self, rounded: int, pool: list[Block]) -> Block:
        if rounded <= SMALL_REQUEST:
            size = SMALL_SEGMENT
        elif rounded < MIN_OWN_SEGMENT:
            size = LARGE_SEGMENT
        else:
            size = -(-rounded // SEGMENT_ROUNDING) * SEGMENT_ROUNDING
        if self.capacity is not None and self.reserved + size > self.capacity:
            self.empty_cache()
            if self.reserved + size > self.capacity:
                raise DeviceFull
        block = Block(self._address, size, pool)
        self._address += size
        self.reserved += size
        self.reserved_peak = max(self.reserved_peak, self.reserved)
        return block

    @staticmethod
    def _joined(left: Block, right: Block) -> Block:
        left.size += right.size
        left.next = right.next
        if right.next:
            right.next.previous = left
        return left
