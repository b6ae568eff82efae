"""Where a run computes: its device, its processes, its precision, its threads."""

from __future__ import annotations

import atexit
import ctypes
import os
import platform
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
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

_SPELLING = re.compile(r"(?P<kind>[a-z]+)(:(?P<index>[0-9]{1,3}))?|(?P<gpu>[0-9]{1,3})")
"""Of a device: `cuda`, `cuda:1` or `1`."""

_RECORDED_PACKAGES = (
    *("augbuild", "accelerate", "numpy", "pillow", "safetensors"),
    *("scikit-learn", "torch", "torchvision"),
)

_VISIBLE = "CUDA_VISIBLE_DEVICES"

_held_devices: dict[int, ExitStack] = {}
"""The CUDA device of this process, if it took one, and its lock, held as long as it lives."""


def make_accelerator(device: str, precision: Precision) -> Accelerator:
    """Set up the device and the processes.

    `auto` takes a GPU where there is one, and bfloat16 where the hardware computes in it. Raises
    UsageError for a device that is not there, and where torchrun's processes were not taken up.
    """
    kind, index = find_device(device)
    started = count_processes()
    if index is not None:
        if started > 1:
            raise UsageError(f"--device {device} is one GPU for {started} processes; use cuda")
        # Accelerate has no option for it: it takes torch's current device.
        torch.cuda.set_device(index)
    bf16 = precision == "bf16" or (precision == "auto" and _computes_in_bf16(kind))
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


def find_device(device: str) -> tuple[str, int | None]:
    """Return the kind of a device, and the number of the GPU where one was asked for.

    `cuda:1` and `1` are the second GPU of CUDA, `gpu` is whatever accelerator there is. Raises
    UsageError for a device that is not there.
    """
    available = _available_device()
    spelling = _SPELLING.fullmatch(device.strip().lower())
    kind, number = "", None
    if spelling is not None:
        kind = spelling["kind"] or "cuda"
        number = spelling["index"] or spelling["gpu"]
    if kind == "auto" or (kind == "gpu" and available != "cpu"):
        kind = available
    index = int(number or 0)
    there = _list_devices(available)
    if f"{kind}:{index}" not in there:
        raise UsageError(f"--device {device} is not available; found {', '.join(there.values())}")
    if kind != "cuda" or number is None:
        return kind, None
    return kind, index


def _list_devices(available: str) -> dict[str, str]:
    """Return the devices that there are, by kind and number, as people write them."""
    there = {"cpu:0": "cpu"}
    if available == "cuda":
        for index in range(torch.cuda.device_count()):
            there[f"cuda:{index}"] = f"cuda:{index}"
    elif available != "cpu":
        there[f"{available}:0"] = available
    return there


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


def list_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a run's results depend on."""
    versions = {name: version(name) for name in _RECORDED_PACKAGES}
    versions["python"] = platform.python_version()
    return versions


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
    is_cpu = device.strip().lower() in {"cpu", "cpu:0"}
    if not is_cpu and _available_device() != "cpu":
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
def restored_settings() -> Iterator[None]:
    """Leave torch's number of threads, and which GPUs it may see, as they were.

    A checkpoint sets its own number of threads, and `use_device` both.
    """
    threads = torch.get_num_threads()
    visible = os.environ.get(_VISIBLE)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        os.environ.pop(_VISIBLE, None)
        if visible is not None:
            os.environ[_VISIBLE] = visible


def count_processes() -> int:
    """Return the number of processes that torchrun started, 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """Check whether this is the process that prints and writes."""
    return int(os.environ.get("RANK", "0")) == 0


def use_device(devices: Sequence[int], folder: Path, threads: int) -> None:
    """Take one of the CUDA `devices` for this process, once, and set its number of threads.

    Must come before torch first looks at devices: it then sees only this one. A lock in `folder`
    goes with the process that holds it. Raises RunError where all are taken.
    """
    if devices and not _held_devices:
        os.environ[_VISIBLE] = str(_lock_device(devices, folder))
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
