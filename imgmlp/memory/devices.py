"""Graphics cards, and the memory that the libraries on them take beside the tensors."""

from dataclasses import dataclass

import torch

MIB = 1 << 20
BLAS_WORKSPACE = 8_519_680  # bytes; :4096:2:16:8, cuBLAS's default (ATen/cuda/CUDABlas.cpp, CublasHandlePool.cpp)
BLAS_WORKSPACE_LARGE = 32 * MIB  # on the cards that `_large_workspace` names, same files
LT_WORKSPACE = MIB  # cuBLASLt's own, where it does not share cuBLAS's


@dataclass(frozen=True)
class Device:
    """A card, as far as memory depends on it (CUDA C Programming Guide, compute capabilities; vendors' data sheets)."""

    name: str
    capability: tuple[int, int]
    multiprocessors: int
    threads_per_multiprocessor: int
    memory_bytes: int  # by its name; what a program can have is less


DEVICES = {
    "h100": Device("H100", (9, 0), 132, 2048, 80 << 30),
    "h200": Device("H200", (9, 0), 132, 2048, 141 << 30),
    "a100": Device("A100", (8, 0), 108, 2048, 80 << 30),
    "a10g": Device("A10G", (8, 6), 80, 1536, 24 << 30),
    "l4": Device("L4", (8, 9), 58, 1536, 24 << 30),
    "l40s": Device("L40S", (8, 9), 142, 1536, 48 << 30),
    "t4": Device("T4", (7, 5), 40, 1024, 16 << 30),
    "rtx4090": Device("RTX 4090", (8, 9), 128, 1536, 24 << 30),
    "rtx3060": Device("RTX 3060", (8, 6), 28, 1536, 12 << 30),
    "rtxpro6000": Device("RTX PRO 6000 Blackwell", (12, 0), 188, 1536, 96 << 30),
}


def live_device() -> Device | None:
    """The first card of this machine, if it has one. In a ZeroGPU Space to be asked inside a decorated function."""
    if not torch.cuda.is_available():
        return None
    card = torch.cuda.get_device_properties(0)
    return Device(card.name, (card.major, card.minor), card.multi_processor_count, card.max_threads_per_multi_processor, card.total_memory)


def torch_version() -> tuple[int, int]:
    """Major and minor of the torch that runs."""
    major, minor = torch.__version__.split(".")[:2]
    return int(major), int(minor)


def blas_workspace_bytes(device: Device, torch_version: tuple[int, int]) -> int:
    """What one cuBLAS handle takes for itself on one stream (at::cuda::parseChosenWorkspaceSize)."""
    return BLAS_WORKSPACE_LARGE if _large_workspace(device.capability, torch_version) else BLAS_WORKSPACE


def _large_workspace(capability: tuple[int, int], version: tuple[int, int]) -> bool:
    if version >= (2, 14):
        return (9, 0) <= capability <= (12, 0)
    if version >= (2, 12):
        return capability in ((9, 0), (10, 0), (12, 0))
    return capability == (9, 0)


def blas_workspace_is_kept(torch_version: tuple[int, int]) -> bool:
    """Up to 2.14 a handle keeps its workspace, and cuBLASLt shares it; since 2.15 every product takes its own and gives it back."""
    return torch_version < (2, 15)


def column_sum_bytes(rows: int, columns: int, device: Device) -> tuple[int, int]:
    """The two buffers, in bytes, for summing (rows, columns) over the rows across thread blocks: values and semaphores; 0 if none.

    ReduceConfig and setReduceConfig of ATen/native/cuda/Reduce.cuh (torch 2.11), for a contiguous input; sums are made in float32.
    """
    threads = 512  # mnt_wrapper::MAX_NUM_THREADS
    vector = next(size for size in (4, 2, 1) if columns % size == 0)  # get_output_vec_size
    most = threads // vector
    wide, high = (_power_of_two(min(length, most)) for length in (columns // vector, rows))
    block_width = min(wide, 32)
    block_height = min(high, most // block_width)
    block_width = min(wide, most // block_height)
    grid = -(-(columns // vector) // block_width)
    values_per_thread = rows
    across_warps = values_per_thread >= min(block_height * 16, 256)
    if not across_warps:
        return 0, 0  # input_mult[1] stays 0
    values_per_thread = -(-rows // block_height)
    target = device.multiprocessors * (device.threads_per_multiprocessor // (block_width * block_height))
    if values_per_thread < 256 or grid > target:
        return 0, 0
    blocks = max(min(-(-target // grid), -(-values_per_thread // 16)), -(-values_per_thread // 256))
    if blocks <= 1:
        return 0, 0
    return 4 * columns * blocks * block_width * vector, 4 * grid


def _power_of_two(number: int) -> int:
    """The largest that is not larger."""
    return 1 << (number.bit_length() - 1)
