"""Devices, processes, precision and threads; a library call leaves them as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from augbuild.core.files import hold_lock
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


def run_python(code: str, **environment: str) -> str:
    """Run a script in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
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


USE = (
    "import os, torch\nfrom pathlib import Path\n"
    "from trainer.training.device import use_device\n"
    "folder = Path({folder!r})\n"
    "try:\n"
    "    use_device({devices}, folder, 1)\n"
    "    use_device({devices}, folder, 1)\n"
    "    print(os.environ.get('CUDA_VISIBLE_DEVICES'), torch.get_num_threads())\n"
    "except Exception as error: print(error)\n"
)


def test_each_process_takes_a_device_that_is_free(tmp_path: Path) -> None:
    code = USE.format(folder=str(tmp_path), devices=[3, 5])
    assert run_python(code) == "3 1\n"
    with hold_lock(tmp_path / ".device-3.lock"):
        assert run_python(code) == "5 1\n"
        with hold_lock(tmp_path / ".device-5.lock"):
            message = f"all of the devices 3, 5 are in use by other runs of {tmp_path}\n"
            assert run_python(code) == message


def test_without_devices_only_threads_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert run_python(USE.format(folder=str(tmp_path), devices=[])) == "None 1\n"
    assert list(tmp_path.iterdir()) == []


FAULTS = (
    "import resource, torch\n"
    "from trainer.training.device import keep_freed_memory\n"
    "{call}\n"
    "def work():\n"
    "    for _ in range(20): torch.zeros(16_000_000).add_(1)\n"
    "work()\n"
    "before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
    "work()\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)\n"
)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has these settings")
@pytest.mark.skipif(HAS_GPU, reason="needs a machine without a GPU")
def test_freed_memory_is_kept_only_where_the_command_line_asks() -> None:
    plain = int(run_python(FAULTS.format(call="")))
    kept = int(run_python(FAULTS.format(call="keep_freed_memory('auto')")))
    assert kept < plain / 10
    inherited = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**62)}
    assert int(run_python(FAULTS.format(call=""), **inherited)) < plain / 10


def test_workers_inherit_it() -> None:
    code = (
        "import os\nfrom trainer.training.device import keep_freed_memory\n"
        "keep_freed_memory('cpu')\n"
        "print(os.environ['MALLOC_MMAP_MAX_'], os.environ['MALLOC_TRIM_THRESHOLD_'])\n"
    )
    assert run_python(code) == f"0 {2**62}\n"
