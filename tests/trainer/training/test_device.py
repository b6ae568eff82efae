"""Devices, processes, precision and threads; a library call leaves them as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from augbuild.errors import UsageError
from tests.conftest import REPOSITORY
from trainer.training.device import (
    find_device,
    is_main_process,
    make_accelerator,
    resolve,
    restored_settings,
    seeded_generator,
)

HAS_GPU = torch.accelerator.is_available()


def run_python(code: str, *arguments: Path, **environment: str) -> str:
    """Run a script in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_processes_that_accelerate_did_not_take_up() -> None:
    code = (
        "from trainer.training.device import make_accelerator\n"
        "try: make_accelerator('cpu', 'fp32')\nexcept Exception as e: print(e)"
    )
    printed = run_python(code, WORLD_SIZE="3", LOCAL_RANK="-1")
    assert printed == "3 processes were started but Accelerate took up none; use torchrun\n"


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_each_run_of_a_process_has_its_own_precision(precision: str) -> None:
    resolved = resolve(make_accelerator("cpu", precision))  # type: ignore[arg-type]  # one of them
    assert (resolved.device, resolved.precision, resolved.processes) == ("cpu", precision, 1)
    assert resolved.threads == torch.get_num_threads()


def test_auto_is_bf16_where_the_processor_computes_in_it() -> None:
    try:
        features = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        features = ""
    has_bf16 = "avx512_bf16" in features or "amx_bf16" in features
    resolved = resolve(make_accelerator("cpu", "auto"))
    assert resolved.precision == ("bf16" if has_bf16 else "fp32")


@pytest.mark.skipif(HAS_GPU, reason="needs a machine without a GPU")
@pytest.mark.parametrize(
    "device",
    ["cuda", "cuda:0", "cuda:1", "0", "gpu", "gpu:0", "mps", "CUDA", "tpu", "cpu:1", "cuda:", ""],
)
def test_device_that_is_not_there(device: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_accelerator(device, "fp32")
    assert str(caught.value) == f"--device {device} is not available; found cpu"


@pytest.mark.parametrize("device", ["cpu", "cpu:0", "CPU", " cpu "])
def test_spellings_of_the_processor(device: str) -> None:
    assert find_device(device) == ("cpu", None)
    assert resolve(make_accelerator(device, "fp32")).device == "cpu"


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make torch report two GPUs of CUDA, as far as they are only looked for."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("device", "kind", "index"),
    [
        ("auto", "cuda", None),
        ("cuda", "cuda", None),
        ("gpu", "cuda", None),
        ("0", "cuda", 0),
        ("1", "cuda", 1),
        ("cuda:1", "cuda", 1),
        ("CUDA:0", "cuda", 0),
        ("gpu:1", "cuda", 1),
        ("cpu", "cpu", None),
    ],
)
def test_spellings_of_a_gpu(device: str, kind: str, index: int | None) -> None:
    assert find_device(device) == (kind, index)


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize("device", ["2", "cuda:2", "mps", "tpu"])
def test_gpu_that_is_not_there(device: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_device(device)
    assert str(caught.value) == f"--device {device} is not available; found cpu, cuda:0, cuda:1"


@pytest.mark.usefixtures("two_gpus")
def test_one_gpu_is_not_for_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError) as caught:
        make_accelerator("cuda:1", "fp32")
    assert str(caught.value) == "--device cuda:1 is one GPU for 2 processes; use cuda"


def test_generator_is_seeded_for_a_while() -> None:
    before = torch.random.get_rng_state()
    with seeded_generator(5):
        first = torch.rand(3)
    with seeded_generator(5):
        assert torch.equal(torch.rand(3), first)
    with seeded_generator(6):
        assert not torch.equal(torch.rand(3), first)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("visible", [None, "1,0"])
def test_settings_are_restored(visible: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    before = torch.get_num_threads()
    with restored_settings():
        torch.set_num_threads(before + 1)
        os.environ["CUDA_VISIBLE_DEVICES"] = "7"
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == visible


def test_main_process_is_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    assert is_main_process()
    monkeypatch.setenv("RANK", "0")
    assert is_main_process()
    monkeypatch.setenv("RANK", "1")
    assert not is_main_process()


# Processes are forked from one: each would take seconds to import torch.
USE = """
import os, sys, torch
from pathlib import Path
from augbuild.core.files import hold_lock
from trainer.training.device import use_device

os.environ.pop("CUDA_VISIBLE_DEVICES", None)

def use(devices, folder):
    sys.stdout.flush()
    if os.fork():
        return os.wait()
    try:
        use_device(devices, folder, 1)
        use_device(devices, folder, 1)
        print(os.environ.get("CUDA_VISIBLE_DEVICES"), torch.get_num_threads())
    except Exception as error:
        print(error)
    sys.stdout.flush()
    os._exit(0)

folder, empty = map(Path, sys.argv[1:])
use([3, 5], folder)
with hold_lock(folder / ".device-3.lock"):
    use([3, 5], folder)
    with hold_lock(folder / ".device-5.lock"):
        use([3, 5], folder)
use([], empty)
"""


def test_each_process_takes_a_device_that_is_free(tmp_path: Path) -> None:
    folder, empty = tmp_path / "locks", tmp_path / "empty"
    folder.mkdir()
    empty.mkdir()
    first, second, third, without_devices = run_python(USE, folder, empty).splitlines()
    assert first == "3 1"
    assert second == "5 1"
    assert third == f"all of the devices 3, 5 are in use by other runs of {folder}"
    assert without_devices == "None 1"
    assert list(empty.iterdir()) == []


FAULTS = """
import os, resource, torch

def count_faults():
    for _ in range(20): torch.zeros(16_000_000).add_(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20): torch.zeros(16_000_000).add_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(count_faults())
"""
KEEP = """
from trainer.training.device import keep_freed_memory
keep_freed_memory("cpu")
print(count_faults(), os.environ["MALLOC_MMAP_MAX_"], os.environ["MALLOC_TRIM_THRESHOLD_"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has these settings")
@pytest.mark.skipif(HAS_GPU, reason="needs a machine without a GPU")
def test_freed_memory_is_kept_only_where_the_command_line_asks_and_by_its_workers() -> None:
    plain, asked = run_python(FAULTS + KEEP).splitlines()
    kept, *settings = asked.split(" ")
    assert int(kept) < int(plain) / 10
    assert settings == ["0", str(2**62)]
    inherited = dict(zip(("MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_"), settings, strict=True))
    assert int(run_python(FAULTS, **inherited)) < int(plain) / 10
