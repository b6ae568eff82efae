"""The runs of a comparison: which there are, how they are configured and shared out."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from augbuild.errors import RunError, UsageError
from tests.trainer.comparison.small import design
from trainer.comparison.arms import load_arms
from trainer.comparison.design import Arm, Budget
from trainer.comparison.runs import (
    RunEnvironment,
    Workers,
    make_workers,
    plan_runs,
    run_config,
    run_id,
    train_runs,
)
from trainer.training.run import RunFolder

MANIFEST = Path("m.jsonl")


def test_runs_are_named_by_arm_fold_and_seed() -> None:
    assert run_id("original+augmented", 3, None) == "original+augmented-seed3"
    assert run_id("original", 3, 0) == "original-fold0-seed3"


def test_runs_go_seed_by_seed_and_fold_by_fold() -> None:
    planned = design(MANIFEST, seeds=2)
    steps = {(arm.name, fold): 3 + (fold or 0) for arm in planned.arms for fold in (None, 0, 1)}
    assert [run.id for run in plan_runs(planned, steps, ())] == [
        "original-seed0",
        "augmented-seed0",
        "original-seed1",
        "augmented-seed1",
    ]
    folded = plan_runs(planned, steps, (0, 1))
    assert [run.id for run in folded[:4]] == [
        "original-fold0-seed0",
        "augmented-fold0-seed0",
        "original-fold1-seed0",
        "augmented-fold1-seed0",
    ]
    assert len(folded) == 8
    assert [run.steps for run in folded[:4]] == [3, 3, 4, 4]
    assert [run.config.fold for run in folded[:4]] == [0, 0, 1, 1]


class TestConfig:
    def test_of_an_arm_of_the_first_manifest(self) -> None:
        planned = design(MANIFEST)
        config = run_config(planned, planned.arms[1], seed=7, fold=None)
        assert (config.manifest, config.train_on, config.seed) == ("m.jsonl", "augmented", 7)
        assert (config.test_manifest, config.fold, config.holdout) == (None, None, 0.0)
        assert config.batch_size == planned.fit.batch_size

    def test_of_an_arm_of_another_manifest_is_tested_on_the_first_ones(self) -> None:
        planned = design(MANIFEST, arms=None, named=["a=m.jsonl", "b=n.jsonl"])
        first = run_config(planned, planned.arms[0], 0, None)
        second = run_config(planned, planned.arms[1], 0, None)
        assert (first.manifest, first.test_manifest) == ("m.jsonl", None)
        assert (second.manifest, second.test_manifest) == ("n.jsonl", "m.jsonl")
        assert second.train_on is None

    def test_has_its_length_from_the_budget(self) -> None:
        by_steps = run_config(design(MANIFEST, budget="steps:5"), Arm("a", "m.jsonl"), 0, None)
        assert (by_steps.steps, by_steps.epochs) == (5, 10)
        by_epochs = run_config(design(MANIFEST, budget="epochs:5"), Arm("a", "m.jsonl"), 0, None)
        assert (by_epochs.steps, by_epochs.epochs) == (None, 5)

    def test_has_its_fold(self) -> None:
        planned = replace(design(MANIFEST), budget=Budget("steps", 1), folds=True)
        assert run_config(planned, planned.arms[0], 0, 2).fold == 2


class TestWorkers:
    def test_are_as_many_as_jobs_or_as_devices(self) -> None:
        assert make_workers(3, None) == Workers(3)
        assert make_workers(1, "0,2") == Workers(2, (0, 2))
        assert make_workers(5, "1") == Workers(1, (1,))

    @pytest.mark.parametrize("devices", ["0,0", "a", "", "0,", "-1", "0 1"])
    def test_devices_are_numbers_each_once(self, devices: str) -> None:
        with pytest.raises(UsageError, match="--devices must be numbers of CUDA devices"):
            make_workers(1, devices)


def test_a_run_that_fails_is_named_and_the_finished_ones_are_left_alone(
    manifest: Path, tmp_path: Path
) -> None:
    planned = design(manifest, seeds=2, budget="steps:1")
    images = load_arms(planned)
    environment = RunEnvironment(
        tmp_path,
        images.tables,
        images.every_image,
        cache=None,
        devices=(),
        threads=torch.get_num_threads(),
    )
    steps = {(arm.arm.name, arm.fold): 1 for arm in images.arms}
    first, second, *_ = plan_runs(planned, steps, ())
    finished = RunFolder(tmp_path / first.id)
    finished.root.mkdir()
    finished.metrics.write_text("kept", encoding="utf-8")
    (tmp_path / second.id).mkdir()
    (tmp_path / second.id / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match=rf"^{second.id}: .* is not empty"):
        train_runs(environment, [first, second], n_jobs=1, quiet=True)
    assert finished.metrics.read_text(encoding="utf-8") == "kept"
    assert [each.name for each in finished.root.iterdir()] == ["metrics.json"]


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_counts_the_steps_of_the_runs_that_are_left(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    planned = design(manifest, seeds=1, budget="steps:2")
    images = load_arms(planned)
    environment = RunEnvironment(
        tmp_path,
        images.tables,
        images.every_image,
        cache=None,
        devices=(),
        threads=torch.get_num_threads(),
    )
    runs = plan_runs(planned, {(arm.arm.name, None): 2 for arm in images.arms}, ())
    train_runs(environment, runs[:1], n_jobs=1, quiet=True)
    assert terminal.getvalue() == ""
    train_runs(environment, runs, n_jobs=1, quiet=False)
    last = terminal.getvalue().rstrip().split("\r")[-1]
    assert last.startswith("training 1 run: 100%")
    assert "2/2" in last
    train_runs(environment, runs, n_jobs=1, quiet=False)
    assert terminal.getvalue().rstrip().endswith(last), "nothing is left, so there is no bar"
