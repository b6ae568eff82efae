"""The result of a comparison: from its config.json and from the predictions of its runs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from augbuild.errors import RunError
from tests.trainer.comparison.fixtures import (
    FOLDS,
    LAB,
    SINGLE,
    STOPPED,
    comparison,
    comparison_config,
)
from trainer.comparison.config import GuardReport, read_config
from trainer.comparison.judge import judge_runs, stopped_result, write_methods
from trainer.comparison.result import ComparisonResult
from trainer.statistics.metrics import read_metrics, write_metrics
from trainer.statistics.verdict.evidence import FIVE_PERCENT, Level
from trainer.training.predictions import read_predictions, write_predictions
from trainer.training.run import (
    EpochReport,
    RunFolder,
    read_run_config,
    write_epochs,
    write_run_config,
)

SMALL = replace(LAB, seeds=3)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished comparison of three arms and three seeds; no test changes it."""
    return comparison(tmp_path_factory.mktemp("comparisons") / "lab", SMALL)


@pytest.fixture
def copy(lab: Path, tmp_path: Path) -> Path:
    """A copy of `lab` that a test may damage."""
    return Path(shutil.copytree(lab, tmp_path / "copy"))


def judged(folder: Path, looks: int = 1) -> ComparisonResult:
    """Judge the runs of a folder."""
    return judge_runs(folder / "runs", read_config(folder), looks, FIVE_PERCENT, ["a note"])


def run_of(folder: Path, name: str) -> RunFolder:
    """Find a run of a comparison."""
    return RunFolder(folder / "runs" / name)


class TestMeasured:
    def test_every_run_is_listed_seed_by_seed(self, lab: Path) -> None:
        result = judged(lab)
        names = []
        for seed in range(3):
            names += [f"{arm}-seed{seed}" for arm in SMALL.skills]
        assert [run.id for run in result.runs] == names
        for run in result.runs:
            metrics = read_metrics(run_of(lab, run.id).metrics)
            assert metrics is not None
            assert (run.accuracy, run.macro_f1) == (metrics.accuracy, metrics.macro.f1)
            assert run.log_loss == metrics.log_loss
            assert run.fold is None

    def test_arms_are_means_over_their_runs(self, lab: Path) -> None:
        result = judged(lab)
        for arm in result.arms:
            runs = result.runs_of(arm.name)
            assert arm.accuracy == pytest.approx(np.mean([run.accuracy for run in runs]))
            assert arm.macro_f1 == pytest.approx(np.mean([run.macro_f1 for run in runs]))
            assert arm.log_loss == pytest.approx(np.mean([run.log_loss for run in runs]))
            assert np.sum(arm.confusion_matrix) == 3 * 28
            assert np.trace(arm.confusion_matrix) == pytest.approx(3 * 28 * arm.accuracy)
            low, high = arm.accuracy_95
            assert low < arm.accuracy < high

    def test_what_was_declared_is_passed_on(self, lab: Path) -> None:
        result, config = judged(lab, looks=4), read_config(lab)
        assert (result.metric, result.margin, result.budget) == ("accuracy", 0.02, config.budget)
        assert (result.classes, result.seeds) == (config.classes, config.seeds)
        assert (result.test.images, result.test.majority) == (28, 0.5)
        assert (result.test.looks, result.folds, result.notes) == (4, 1, ("a note",))
        assert "(look number 4)" in result.verdict.sentence

    def test_the_first_contrast_gives_the_verdict(self, lab: Path) -> None:
        result = judged(lab)
        first, second = result.contrasts
        assert (result.verdict.outcome, result.verdict.sentence) == (first.outcome, first.sentence)
        assert (first.treatment, second.treatment) == ("augmented", "original+augmented")
        assert first.adjusted_p is not None, "of two contrasts"

    def test_one_contrast_is_not_adjusted(self, tmp_path: Path) -> None:
        (only,) = judged(comparison(tmp_path, replace(SINGLE, seeds=3))).contrasts
        assert only.p is not None
        assert only.adjusted_p is None

    def test_folds_are_runs_of_their_own(self, tmp_path: Path) -> None:
        result = judged(comparison(tmp_path, FOLDS))
        assert result.folds == 4
        assert [run.id for run in result.runs[:3]] == [
            "original-fold0-seed0",
            "augmented-fold0-seed0",
            "original-fold1-seed0",
        ]
        assert len(result.runs) == 2 * 4 * 3
        assert {run.fold for run in result.runs} == {0, 1, 2, 3}
        assert "40 test images in 4 folds" in result.verdict.sentence

    def test_augmented_shares_decide_about_the_encoding(self, lab: Path) -> None:
        config = read_config(lab)
        assert "encoded once more" in judged(lab).verdict.sentence
        arms = tuple(structs.replace(arm, augmented=arm.images // 2) for arm in config.arms)
        alike = judge_runs(lab / "runs", structs.replace(config, arms=arms), 1, FIVE_PERCENT, ())
        assert "encoded once more" not in alike.verdict.sentence

    def test_overridden_guards_are_in_the_verdict(self, lab: Path) -> None:
        guard = GuardReport(name="leak", count=1204, findings=("x",), overridden=True)
        config = structs.replace(read_config(lab), guards=(guard,))
        result = judge_runs(lab / "runs", config, 1, FIVE_PERCENT, ())
        assert "Guards overridden: leak (1,204 found)." in result.verdict.sentence
        assert result.guards == (guard,)


def reorder(run: RunFolder) -> None:
    """Turn the order of a run's classes around: in its config.json and in its predictions."""
    table = read_predictions(run.predictions)
    classes = tuple(reversed(table.classes))
    turned = replace(table, classes=classes, probabilities=table.probabilities[:, ::-1])
    write_predictions(run.predictions, turned)
    write_run_config(run, structs.replace(read_run_config(run), classes=classes))


class TestRuns:
    def test_may_have_their_classes_in_another_order(self, copy: Path) -> None:
        before = judged(copy)
        reorder(run_of(copy, "augmented-seed1"))
        assert judged(copy) == before

    def test_may_predict_a_class_that_the_test_set_does_not_have(self, copy: Path) -> None:
        run = run_of(copy, "augmented-seed1")
        table = read_predictions(run.predictions)
        sure = np.ones((len(table.targets), 1))
        classes = (*table.classes, "hens")
        wide = np.concatenate([table.probabilities / 2, sure], axis=1)
        write_predictions(run.predictions, replace(table, classes=classes, probabilities=wide))
        write_run_config(run, structs.replace(read_run_config(run), classes=classes))
        result = judged(copy)
        assert np.sum(result.arm("augmented").confusion_matrix) == 2 * 28
        assert result.contrasts[0].by_seed[1] < 0

    def test_of_other_classes_than_their_configuration_are_refused(self, copy: Path) -> None:
        run = run_of(copy, "original-seed0")
        write_run_config(run, structs.replace(read_run_config(run), classes=("cats", "hens")))
        with pytest.raises(
            RunError, match=r"predictions\.csv has other classes than .*config\.json"
        ):
            judged(copy)

    def test_with_a_target_of_no_class_are_refused(self, copy: Path) -> None:
        run = run_of(copy, "original-seed0")
        table = read_predictions(run.predictions)
        targets = ("owls", *table.targets[1:])
        write_predictions(run.predictions, replace(table, targets=targets))
        with pytest.raises(
            RunError, match="a target that is not a class of the comparison: 'owls'"
        ):
            judged(copy)

    @pytest.mark.parametrize("name", ["augmented-seed2", "original+augmented-seed0"])
    def test_of_other_test_images_are_refused(self, name: str, copy: Path) -> None:
        run = run_of(copy, name)
        table = read_predictions(run.predictions)
        turned = replace(
            table, targets=table.targets[::-1], probabilities=table.probabilities[::-1]
        )
        write_predictions(run.predictions, turned)
        seed = name[-5:]
        message = f"{name}/predictions.csv has other test images than original-{seed}"
        with pytest.raises(RunError, match=message.replace("+", r"\+")):
            judged(copy)

    def test_with_fewer_test_images_are_refused(self, copy: Path) -> None:
        run = run_of(copy, "augmented-seed0")
        table = read_predictions(run.predictions)
        fewer = replace(
            table,
            samples=table.samples[1:],
            targets=table.targets[1:],
            probabilities=table.probabilities[1:],
        )
        write_predictions(run.predictions, fewer)
        with pytest.raises(RunError, match="has other test images than original-seed0"):
            judged(copy)

    def test_that_are_damaged_are_named(self, copy: Path) -> None:
        run = run_of(copy, "original-seed1")
        run.predictions.write_text("sample\n", encoding="utf-8")
        with pytest.raises(RunError, match=r"original-seed1/predictions\.csv"):
            judged(copy)

    def test_without_a_test_set_are_refused(self, copy: Path) -> None:
        write_metrics(run_of(copy, "original-seed1").metrics, None)
        with pytest.raises(RunError, match=r"metrics\.json is from a run without test images"):
            judged(copy)

    def test_that_are_not_there_are_named(self, copy: Path) -> None:
        shutil.rmtree(copy / "runs" / "augmented-seed2")
        with pytest.raises(RunError, match="augmented-seed2"):
            judged(copy)


class TestStopped:
    def test_the_first_finding_is_the_reason(self) -> None:
        result = stopped_result(comparison_config(STOPPED))
        assert result.verdict.sentence == (
            "INVALID: augmented − original was not measured: leak: test image test/cats/18.jpg is "
            "the train image train/cats/327.jpg at another size (original); and 12 more."
        )
        assert [each.treatment for each in result.contrasts] == ["augmented", "original+augmented"]
        assert (result.test.looks, result.runs, result.notes) == (0, (), ())
        assert result.folds == 1

    @pytest.mark.parametrize(
        ("count", "more"), [(1, ""), (2, "; and 1 more"), (1205, "; and 1,204 more")]
    )
    def test_the_others_are_counted(self, count: int, more: str) -> None:
        guard = GuardReport(name="leak", count=count, findings=("one", "two"), overridden=False)
        config = structs.replace(comparison_config(LAB), guards=(guard,))
        sentence = stopped_result(config).verdict.sentence
        assert sentence.endswith(f"was not measured: leak: one{more}.")

    def test_each_guard_that_stops_it_is_a_reason(self) -> None:
        guards = []
        for name, overridden in (("leak", False), ("test-set", True), ("classes", False)):
            guards.append(
                GuardReport(name=name, count=1, findings=(f"a {name}",), overridden=overridden)
            )
        config = structs.replace(comparison_config(FOLDS), guards=tuple(guards))
        result = stopped_result(config)
        assert result.verdict.sentence.endswith(": leak: a leak; classes: a classes.")
        assert len(result.guards) == 3
        assert result.folds == 4


def with_losses(folder: Path, run: str, losses: list[float]) -> None:
    """Give a run epochs with these training losses."""
    epochs = []
    for number, loss in enumerate(losses, start=1):
        epochs.append(EpochReport(number, 10 * number, 10, 0.001, loss, 0.5, 1.0))
    write_epochs(run_of(folder, run).epochs, epochs)


class TestFailures:
    def test_a_run_that_ends_above_the_constant_answers_loss_failed(self, copy: Path) -> None:
        config = read_config(copy)
        arms = tuple(structs.replace(arm, constant_loss=0.69) for arm in config.arms)
        config = structs.replace(config, arms=arms)
        with_losses(copy, "augmented-seed1", [0.8, 0.7, 0.69])
        with_losses(copy, "original-seed1", [0.8, 0.7, 0.689])
        result = judge_runs(copy / "runs", config, 1, FIVE_PERCENT, ())
        assert "Runs that failed to train: 1 of 3 of augmented, 0 of 3 of original" in (
            result.verdict.sentence
        )
        assert result.contrasts[0].pairs == 2

    def test_too_few_epochs_and_version_0_1_say_nothing(self, copy: Path) -> None:
        config = read_config(copy)
        with_losses(copy, "augmented-seed1", [0.9, 0.9, 0.9])
        unknown = judge_runs(copy / "runs", config, 1, FIVE_PERCENT, ())
        assert "failed to train" not in unknown.verdict.sentence
        arms = tuple(structs.replace(arm, constant_loss=0.69) for arm in config.arms)
        with_losses(copy, "augmented-seed1", [0.9, 0.9])
        few = judge_runs(copy / "runs", structs.replace(config, arms=arms), 1, FIVE_PERCENT, ())
        assert "failed to train" not in few.verdict.sentence


def test_groups_and_levels_reach_the_verdict(lab: Path) -> None:
    groups = tuple(number // 2 for number in range(28))
    config = structs.replace(read_config(lab), test_groups=groups)
    level = Level(0.01, reason="Second look at this design: judged at the level 0.01.")
    result = judge_runs(lab / "runs", config, 2, level, ())
    assert "28 test images in 14 groups" in result.verdict.sentence
    assert level.reason in result.verdict.sentence
    assert (result.test.looks, result.test.level) == (2, level)


def test_methods_are_a_sentence_for_a_paper(lab: Path, tmp_path: Path) -> None:
    config = read_config(lab)
    assert write_methods(config, FIVE_PERCENT) == judged(lab).methods
    assert write_methods(config, Level(0.01)) == (
        "We trained resnet50 from random weights on 3 training sets (original, augmented, "
        "original+augmented) with 3 paired random seeds and 110 steps each (batches of 32, adam, "
        "learning rate 0.001, 224 pixels), and compared accuracy on 28 test images with a "
        "two-sided t test at the level 0.01 whose variance is crossed over seeds and test images "
        "(Cameron, Gelbach and Miller 2011; the reader × case design of Obuchowski and Rockette "
        "1995), with Satterthwaite's degrees of freedom."
    )
    folds = judged(comparison(tmp_path, FOLDS)).methods
    assert "crossed over seeds and 4 folds" in folds
