"""Where a run computes: its device, its processes, its precision, its threads."""

from __future__ import annotations

import atexit
import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from augbuild.core.files import LockedError, hold_lock
from augbuild.errors import RunError, UsageError
from trainer.training.config import Precision
from trainer.training.run import Resolved

Processes = Accelerator

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h

_held_devices: dict[int, ExitStack] = {}
"""The CUDA device of this process, if it took one, and its lock, held as long as it lives."""


def make_accelerator(device: str, precision: Precision) -> Accelerator:
    """Set up the device and the processes.

    `auto` takes a GPU where there is one, and bfloat16 where the hardware computes in it. Raises
    UsageError for a device that is not there, and where torchrun's processes were not taken up.
    """
    kind = _available_device()
    if device == "cpu":
        kind = "cpu"
    if device not in {"auto", kind}:
        raise UsageError(f"--device {device} is not available; found {kind}")
    bf16 = precision == "bf16" or (precision == "auto" and _computes_in_bf16(kind))
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started == 1:
        # Accelerate keeps the first precision for the whole process; each run has its own.
        AcceleratorState._reset_state(reset_partial_state=True)
    try:
        accelerator = Accelerator(cpu=kind == "cpu", mixed_precision="bf16" if bf16 else "no")
        taken = accelerator.num_processes
    except ValueError as error:
        raise UsageError(
            f"{started} processes were started but Accelerate took up none; use torchrun"
        ) from error
    if taken != started:
        # Without cpu=True, Accelerate silently stays alone on a machine that has no GPU.
        raise UsageError(
            f"{started} processes were started but Accelerate took up {taken}; use torchrun"
        )
    if started > 1:
        # Else gloo's threads abort the process as it ends.
        atexit.register(accelerator.end_training)
    return accelerator


def _available_device() -> str:
    found = torch.accelerator.current_accelerator()
    if found is None or not torch.accelerator.is_available():
        return "cpu"
    return found.type


def resolve(accelerator: Accelerator) -> Resolved:
    """Return what `auto` came to; the number of threads decides the last bits of the weights."""
    return Resolved(
        device=accelerator.device.type,
        precision="bf16" if accelerator.mixed_precision == "bf16" else "fp32",
        processes=accelerator.num_processes,
        threads=torch.get_num_threads(),
    )


def _computes_in_bf16(kind: str) -> bool:
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if kind != "cpu":
        return False
    try:
        features = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux: fp32, which is never wrong
        return False
    return "avx512_bf16" in features or "amx_bf16" in features


def keep_freed_memory(device: str) -> None:
    """Make malloc keep what one training step frees for the next, here and in worker processes.

    The system else clears the same gigabytes again and again: for ResNet-50 on a CPU that was
    200,000 page faults and a tenth of the time of each step. Only glibc has these settings. They
    change the whole process, so this is for a command line to call, not for a library.
    """
    if device != "cpu" and _available_device() != "cpu":
        return
    os.environ.setdefault("MALLOC_MMAP_MAX_", "0")
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**62))
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, -1)


@contextmanager
def seeded_generator(seed: int) -> Iterator[None]:
    """Seed torch's generator for the block, and leave it as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def restored_threads() -> Iterator[None]:
    """Leave torch's number of threads as it was: a checkpoint sets its own."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def is_main_process() -> bool:
    """Check whether this is the process that prints and writes."""
    return int(os.environ.get("RANK", "0")) == 0


def use_device(devices: Sequence[int], folder: Path, threads: int) -> None:
    """Take one of the CUDA `devices` for this process, once, and set its number of threads.

    Must come before torch first looks at devices: it then sees only this one. A lock in `folder`
    goes with the process that holds it. Raises RunError where all are taken.
    """
    if devices and not _held_devices:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(_lock_device(devices, folder))
    torch.set_num_threads(threads)


def _lock_device(devices: Sequence[int], folder: Path) -> int:
    for device in devices:
        lock = ExitStack()
        with suppress(LockedError):
            lock.enter_context(hold_lock(folder / f".device-{device}.lock"))
            _held_devices[device] = lock
            return device
    listed = ", ".join(map(str, devices))
    raise RunError(f"all of the devices {listed} are in use by other runs of {folder}")
