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
    Plan,
    comparison,
    comparison_config,
)
from trainer.comparison.config import GuardReport, read_config
from trainer.comparison.judge import as_text, judge_runs, stopped_result
from trainer.comparison.result import ComparisonResult
from trainer.statistics.metrics import read_metrics, write_metrics
from trainer.training.predictions import read_predictions, write_predictions
from trainer.training.run import RunFolder, read_run_config, write_run_config

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
    return judge_runs(folder / "runs", read_config(folder), looks, ["a note"])


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
        assert "(looked at 4 times)" in result.verdict.sentence

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
        alike = judge_runs(lab / "runs", structs.replace(config, arms=arms), 1, ())
        assert "encoded once more" not in alike.verdict.sentence

    def test_overridden_guards_are_in_the_verdict(self, lab: Path) -> None:
        guard = GuardReport(name="leak", count=1204, findings=("x",), overridden=True)
        config = structs.replace(read_config(lab), guards=(guard,))
        result = judge_runs(lab / "runs", config, 1, ())
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


def plan_with(*guards: tuple[str, bool]) -> Plan:
    """Plan a comparison with guards that found one thing each."""
    rows = []
    for name, overridden in guards:
        rows.append({"name": name, "count": 1, "findings": ["one"], "overridden": overridden})
    return replace(SINGLE, guards=rows)


class TestText:
    def test_has_a_row_for_each_arm_and_each_sentence_once(self, lab: Path) -> None:
        result = judged(lab)
        table, *sentences = as_text(result).split("\n\n")
        head, *rows = table.splitlines()
        assert head.split() == ["arm", "accuracy", "95", "%", "macro", "F1", "log-loss", "images",
                                "steps"]  # fmt: skip
        assert [row.split()[0] for row in rows] == list(SMALL.skills)
        arm = result.arms[1]
        assert rows[1].split()[1:] == [
            f"{arm.accuracy:.4f}",
            f"{arm.accuracy_95[0]:.3f}–{arm.accuracy_95[1]:.3f}",
            f"{arm.macro_f1:.4f}",
            f"{arm.log_loss:.4f}",
            "336",
            "110",
        ]
        assert len({len(row) for row in rows}) == 1, "columns are aligned"
        assert sentences == [*(each.sentence for each in result.contrasts), "a note"]

    def test_of_a_stopped_comparison_says_how_to_go_on(self) -> None:
        config = comparison_config(plan_with(("leak", False), ("classes", True)))
        text = as_text(stopped_result(config))
        assert text.split("\n\n")[1] == (
            "The guard leak found:\n  one\nTo go on, remove them from one side, or split again: "
            "`ignore_existing = true` in a recipe keeps such images together; "
            "or use --override leak --resume."
        )
        assert "classes" not in text
        assert "accuracy " not in text

    @pytest.mark.parametrize("guard", ["leak", "test-set", "classes"])
    def test_each_guard_has_a_remedy(self, guard: str) -> None:
        text = as_text(stopped_result(comparison_config(plan_with((guard, False)))))
        assert f"or use --override {guard} --resume." in text
        assert "remove the cause" not in text

    def test_overridden_guards_are_not_repeated(self, tmp_path: Path) -> None:
        text = as_text(judged(comparison(tmp_path, plan_with(("leak", True)))))
        assert "The guard" not in text
