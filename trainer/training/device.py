"""Where a run computes: its device, its processes, its precision, its threads."""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from augbuild.errors import RunError, UsageError

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h

Processes = Accelerator
Precision = Literal["auto", "fp32", "bf16"]

_held: list[int] = []  # lock files stay open, and their locks held, as long as this process lives


def make_accelerator(device: str, precision: Precision) -> Accelerator:
    """Set up the device and the processes; raises UsageError where torchrun's processes were not taken up.

    `auto` takes a GPU where there is one, and bfloat16 where the hardware computes in it.
    """
    cpu = device == "cpu" or (device == "auto" and not torch.accelerator.is_available())
    if cpu:
        _keep_freed_memory()
    kind = "cpu" if cpu else torch.accelerator.current_accelerator().type  # type: ignore[union-attr]  # there is one
    if device not in {"auto", kind}:
        raise UsageError(f"--device {device} is not to be had here; there is {kind}")
    mixed = (
        "bf16" if precision == "bf16" or (precision == "auto" and _computes_in_bf16(kind)) else "no"
    )
    wanted = int(os.environ.get("WORLD_SIZE", "1"))
    if wanted == 1:
        AcceleratorState._reset_state(
            reset_partial_state=True
        )  # else a process could only ever use one precision
    try:
        accelerator = Accelerator(cpu=cpu, mixed_precision=mixed)
    except ValueError as error:
        raise UsageError(
            f"{wanted} processes were started but Accelerate took up none; use torchrun"
        ) from error
    if accelerator.num_processes != wanted:
        taken = accelerator.num_processes
        raise UsageError(
            f"{wanted} processes were started but Accelerate took up {taken}; use torchrun"
        )
    if wanted > 1:
        atexit.register(
            accelerator.end_training
        )  # gloo's threads else abort the process as it ends
    return accelerator


def _keep_freed_memory() -> None:
    """Let malloc keep what a step frees for the next: else the system clears the same gigabytes again and again.

    For ResNet-50 that was 200,000 page faults and a tenth of the processor's time a step; only glibc has the settings.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, -1)


def _computes_in_bf16(kind: str) -> bool:
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return kind == "cpu" and _cpu_has("avx512_bf16", "amx_bf16")


def _cpu_has(*features: str) -> bool:
    """Look the processor's features up where Linux lists them; elsewhere say no, which is never slower than fp32."""
    try:
        listed = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return any(feature in listed for feature in features)


@contextmanager
def seeded_generator(seed: int) -> Iterator[None]:
    """Seed torch for a while, and leave it as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def is_main_process() -> bool:
    """Tell whether this is the process that prints and writes."""
    return int(os.environ.get("RANK", "0")) == 0


def thread_count() -> int:
    """Give the number of threads that torch computes with; results are repeatable to the bit at the same number."""
    return torch.get_num_threads()


def use_device(devices: Sequence[int], folder: Path, threads: int) -> None:
    """Take one of the CUDA `devices` for this process, once, and so many threads; raises RunError where all are taken.

    Must come before torch first looks at devices: it then sees only this one. A lock goes with the process holding it.
    """
    if devices and not _held:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(_take(devices, folder))
    torch.set_num_threads(threads)


def _take(devices: Sequence[int], folder: Path) -> int:
    for device in devices:
        lock = os.open(
            folder / f".device-{device}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        _held.append(lock)
        return device
    raise RunError(
        f"all of the devices {', '.join(map(str, devices))} are in use by other runs of {folder}"
    )
