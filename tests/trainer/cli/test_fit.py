"""`trainer fit`: options, what it prints, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.conftest import REPOSITORY
from tests.trainer.fixtures import FAST_ARCH, dataset
from trainer.cli import main
from trainer.training.config import FitConfig, make_config

TINY = ["--arch", FAST_ARCH, "--image-size", "32", "--batch-size", "8", "--epochs", "1"]
TINY += ["--device", "cpu", "--precision", "fp32", "--cache", "none"]
FILES = "metrics.json, predictions.csv, model.safetensors, curves.png and confusion_matrix.png"

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the command sets for its process out of the other tests."""
    for name in ("OMP_WAIT_POLICY", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images that a small model learns."""
    return dataset(tmp_path_factory.mktemp("images"), train=4, test=2)


def run(*arguments: object) -> Result:
    """Run `trainer fit`."""
    return CliRunner().invoke(main, ["fit", *map(str, arguments)])


def test_run_is_trained_and_its_files_are_named(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = run("--manifest", images, "--out", out, *TINY)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("8 training images, 1 batch")
    assert lines[-1] == f"{out}: {FILES}"
    assert "accuracy" in result.stdout
    refused = run("--manifest", images, "--out", out, *TINY)
    assert refused.exit_code == 1
    assert "holds a finished run; choose another folder with --out" in refused.stderr
    assert run("--manifest", images, "--out", out, *TINY, "--resume", "--quiet").output == ""


def test_json_is_the_metrics(images: Path, tmp_path: Path) -> None:
    result = run("--manifest", images, "--out", tmp_path / "run", *TINY, "--json")
    metrics = json.loads(result.stdout)
    assert metrics == json.loads((tmp_path / "run" / "metrics.json").read_bytes())
    assert metrics["images"] == 4


def test_run_without_test_images_says_so(tmp_path: Path) -> None:
    dataset(tmp_path / "images", train=4, test=2)
    out = tmp_path / "run"
    result = run("--manifest", tmp_path / "images" / "train", "--out", out, *TINY)
    assert result.exit_code == 0, result.output
    assert "there is no test set" in result.stdout
    assert result.stdout.endswith(f"{out}: metrics.json, model.safetensors and curves.png\n")
    again = run(
        "--manifest", tmp_path / "images" / "train", "--out", out, *TINY, "--resume", "--json"
    )
    assert again.stdout == "{}\n"


def test_configuration_is_read_and_options_go_first(images: Path, tmp_path: Path) -> None:
    config = tmp_path / "fit.toml"
    config.write_text(f'manifest = "{images}"\nlr = 0.5\nseed = 3\n', encoding="utf-8")
    out = tmp_path / "run"
    result = run("--config", config, "--out", out, *TINY, "--seed", "4", "--verify", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    written = json.loads((out / "config.json").read_bytes())
    assert (written["lr"], written["seed"]) == (0.5, 4)


def test_every_setting_of_a_run_is_an_option() -> None:
    names = {parameter.name for parameter in main.commands["fit"].params}
    # How a table is read is spread over options of their own.
    assert set(FitConfig.__struct_fields__) - {"source"} <= names
    assert {"path_column", "suffix", "images", "labels"} <= names
    assert make_config({"manifest": "m"}).compile is False


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--manifest", "gone.csv", "--out", "r"], 1, "gone.csv does not exist"),
        (["--out", "r"], 2, "--manifest is missing"),
        (["--manifest", "x", "--out", "r", "--epochs", "0"], 2, "--epochs must be"),
        (["--manifest", "x", "--out", "r", "--device", "tpu"], 2, "--device tpu is not available"),
        (["--manifest", "x"], 2, "Missing option '--out'"),
    ],
)
def test_wrong_options_leave_nothing_behind(
    arguments: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


_HEAVY = {"torch", "sklearn", "accelerate", "matplotlib", "scipy", "PIL"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["fit", "--help"],
        ["--version"],
        ["fit", "--out", "x", "--manifest", "y", "--lr", "-1"],
    ],
)
def test_help_and_wrong_options_load_no_heavy_library(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom trainer.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        f"print(sorted({_HEAVY - {'PIL'}} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=True, timeout=60, cwd=REPOSITORY,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "[]"


def test_settings_of_the_process_come_before_torch() -> None:
    code = (
        "import os, sys\nfrom trainer.cli import main\n"
        "assert 'OMP_WAIT_POLICY' not in os.environ\n"
        "try: main(['power'])\nexcept SystemExit: pass\n"
        "assert 'torch' not in sys.modules\n"
        "print(os.environ['OMP_WAIT_POLICY'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, timeout=60, cwd=REPOSITORY, env=environment,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "passive"
