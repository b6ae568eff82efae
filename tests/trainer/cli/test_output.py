"""What several commands of trainer print."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.cli.output import print_metrics
from trainer.statistics.metrics import Metrics, evaluate_predictions


@pytest.fixture
def metrics() -> Metrics:
    """The metrics of four predictions of two classes, one of them with a hostile name."""
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    return evaluate_predictions(np.array([0, 0, 1, 1]), probabilities, ["a\x1b[2J", "b"])


def test_table_and_files_are_printed(
    metrics: Metrics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metrics.json").touch()
    (tmp_path / "predictions.csv").touch()
    print_metrics(metrics, tmp_path, quiet=False, as_json=False)
    printed = capsys.readouterr().out
    assert "accuracy 0.7500" in printed
    assert "a\\x1b[2J" in printed
    assert printed.endswith(f"\n\n{tmp_path}: metrics.json and predictions.csv\n")


def test_run_without_metrics_names_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metrics.json").touch()
    print_metrics(None, tmp_path, quiet=False, as_json=False)
    assert capsys.readouterr().out == f"\n{tmp_path}: metrics.json\n"
    print_metrics(None, tmp_path, quiet=False, as_json=True)
    assert capsys.readouterr().out == "{}\n"


@pytest.mark.parametrize("as_json", [True, False])
def test_other_processes_than_the_first_print_nothing(
    as_json: bool,
    metrics: Metrics,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RANK", "1")
    print_metrics(metrics, tmp_path, quiet=False, as_json=as_json)
    assert capsys.readouterr().out == ""


def test_quiet_is_quiet(
    metrics: Metrics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_metrics(metrics, tmp_path, quiet=True, as_json=False)
    assert capsys.readouterr().out == ""
