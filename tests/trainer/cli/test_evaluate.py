"""`trainer evaluate`, `trainer predict` and `trainer export`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.trainer.fixtures import config, dataset
from trainer.cli import main
from trainer.training.fit import fit_run

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the commands set for their process out of the other tests."""
    for name in ("OMP_WAIT_POLICY", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images that a small model learns."""
    return dataset(tmp_path_factory.mktemp("images"), train=4, test=2)


@pytest.fixture(scope="module")
def finished(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "run"
    fit_run(config(images, epochs=1), out)
    return out


def run(*arguments: object) -> Result:
    """Run a command of trainer."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_evaluation_is_printed_with_its_own_files(finished: Path, images: Path) -> None:
    result = run("evaluate", finished, "--manifest", images, "--cache", "none", "--device", "cpu")
    assert result.exit_code == 0, result.output
    folder, _, files = result.stdout.splitlines()[-1].partition(": ")
    assert Path(folder).parent == finished / "evaluations"
    assert files == "metrics.json, predictions.csv and confusion_matrix.png"
    options = ["--split", "train", "--cache", "none"]
    metrics = json.loads(run("evaluate", finished, "--manifest", images, *options, "--json").stdout)
    assert metrics["images"] == 8
    assert run("evaluate", finished, "--manifest", images, "--quiet").output == ""


def test_validation_has_a_short_name(finished: Path, tmp_path: Path) -> None:
    root = dataset(tmp_path, train=1, test=2)
    (root / "test").rename(root / "val")
    refused = run("evaluate", finished, "--manifest", root, "--cache", "none")
    assert refused.exit_code == 1
    assert refused.stderr.endswith("it has train, validation: use --split validation\n")
    result = run("evaluate", finished, "--manifest", root, "--cache", "none", "--split", "val")
    assert result.exit_code == 0, result.output
    assert "-validation-" in result.stdout.splitlines()[-1]


def test_predictions_are_printed(finished: Path, images: Path) -> None:
    picture = images / "test" / "blue" / "blue_0.png"
    result = run("predict", finished, picture, "--top", "1", "--device", "cpu")
    assert result.exit_code == 0
    name, _, best = result.stdout.rstrip().partition(": ")
    assert name == str(picture)
    assert best.split(" ")[0] in {"blue", "red"}
    both = json.loads(run("predict", finished, picture, "--json").stdout)
    assert {each["class"] for each in both["top"]} == {"blue", "red"}
    assert "error" not in both


def test_image_that_cannot_be_read_is_named_and_changes_the_exit_code(
    finished: Path, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "b\x1bad.png").write_bytes(b"none")
    result = run("predict", finished, tmp_path, images / "test" / "red")
    assert result.exit_code == 1
    assert "b\\x1bad.png: " in result.stdout
    assert len(result.stdout.splitlines()) == 3


def test_errors_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ["evaluate", "gone", "--manifest", "x"],
        ["predict", "gone", "x"],
        ["export", "gone"],
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert result.stderr.startswith("trainer: gone/config.json does not exist")
        assert result.stderr.count("\n") == 1
    assert run("predict", "gone").exit_code == 2


def test_model_is_exported_into_the_run(finished: Path) -> None:
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    file = finished / "model.onnx"
    result = run("export", finished)
    assert (result.exit_code, result.stdout) == (0, f"{file}: checked against torch (onnx)\n")
    assert file.is_file()
