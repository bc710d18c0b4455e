"""The allocator model: each rule by hand, and what must hold whatever is asked of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgmlp.memory.allocator import Allocator, DeviceFull

KIB, MIB = 1 << 10, 1 << 20


@pytest.mark.parametrize("size, block", [(1, 512), (512, 512), (513, 1024), (401_408, 401_408), (5120, 5120), (4, 512)])
def test_small_requests_are_rounded_to_512_bytes(size, block):
    allocator = Allocator()
    assert allocator.allocate(size).size == block
    assert (allocator.requested, allocator.allocated, allocator.reserved) == (size, block, 2 * MIB)


@pytest.mark.parametrize(
    "size, reserved",
    [(MIB, 2 * MIB), (MIB + 1, 20 * MIB), (10 * MIB - 512, 20 * MIB), (10 * MIB, 10 * MIB), (10 * MIB + 1, 12 * MIB), (32 * MIB, 32 * MIB)],
)
def test_the_segment_depends_on_the_request(size, reserved):
    allocator = Allocator()
    allocator.allocate(size)
    assert allocator.reserved == reserved


def test_a_large_block_keeps_a_rest_of_up_to_a_mebibyte():
    """19 of 20 MiB are free; a request that leaves exactly 1 MiB of 9 takes all 9, one byte row less splits it."""
    for left, size in ((MIB, 9 * MIB), (MIB + 512, 8 * MIB - 512)):
        allocator = Allocator()
        first = allocator.allocate(9 * MIB)
        guard = allocator.allocate(9 * MIB)  # the 2 MiB behind it stay free
        allocator.free(first)
        block = allocator.allocate(9 * MIB - left)
        assert block.size == size and guard.size == 9 * MIB


def test_a_small_block_is_split_to_the_last_512_bytes():
    allocator = Allocator()
    first, _ = allocator.allocate(1024), allocator.allocate(512)
    allocator.free(first)
    assert allocator.allocate(512).size == 512
    assert allocator.allocate(512).address == 512  # the other half of what was free


def test_the_smallest_block_that_fits_is_chosen_then_the_lowest():
    allocator = Allocator()
    blocks = [allocator.allocate(size) for size in (4096, 512, 1024, 512, 1024, 512)]
    for free in (blocks[0], blocks[2], blocks[4]):
        allocator.free(free)
    assert allocator.allocate(1000).address == blocks[2].address
    assert allocator.allocate(1000).address == blocks[4].address
    assert allocator.allocate(1000).address == blocks[0].address


def test_free_neighbours_become_one_block():
    allocator = Allocator()
    first, second, third, fourth = (allocator.allocate(500 * KIB) for _ in range(4))
    allocator.free(first)
    allocator.free(third)
    allocator.free(second)  # with both
    assert allocator.allocate(1000 * KIB).address == 0
    allocator.free(fourth)
    assert allocator.allocate(MIB).address == 1000 * KIB and allocator.reserved == 2 * MIB


def test_what_is_freed_is_kept_and_given_back_when_asked():
    allocator = Allocator()
    allocator.free(allocator.allocate(32 * MIB))
    assert (allocator.allocated, allocator.reserved) == (0, 32 * MIB)
    allocator.empty_cache()
    assert allocator.reserved == 0 and allocator.reserved_peak == 32 * MIB


def test_a_full_device_gives_free_segments_back_first():
    allocator = Allocator(capacity=40 * MIB)
    allocator.free(allocator.allocate(30 * MIB))
    kept = allocator.allocate(35 * MIB)
    assert allocator.reserved == 36 * MIB
    with pytest.raises(DeviceFull):
        allocator.allocate(5 * MIB)
    assert allocator.allocated == kept.size and allocator.allocate(100).size == 512


SIZES = st.one_of(st.integers(1, 4096), st.integers(1, 2 * MIB), st.integers(MIB - 600, MIB + 600), st.integers(1, 40 * MIB))


@given(st.lists(st.tuples(SIZES, st.integers(0, 9)), max_size=60))
def test_blocks_never_overlap_and_everything_is_free_in_the_end(steps):
    """After each request, the block at place `index` of those that live, if there is one, is given back."""
    allocator, living = Allocator(), []
    for size, index in steps:
        living.append(allocator.allocate(size))
        ordered = sorted(living, key=lambda block: block.address)
        assert all(left.address + left.size <= right.address for left, right in zip(ordered, ordered[1:]))
        assert all(block.size >= block.requested for block in living)
        if index < len(living):
            allocator.free(living.pop(index))
        assert allocator.reserved >= allocator.allocated == sum(block.size for block in living)
        assert allocator.allocated >= allocator.requested == sum(block.requested for block in living)
    for block in living:
        allocator.free(block)
    assert allocator.allocated == allocator.requested == 0
    allocator.empty_cache()
    assert allocator.reserved == 0  # so every segment was whole again
