"""Two arms held against each other: every number of a contrast, from predictions made up here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from trainer.statistics.contrast import ContrastSettings, Runs, TrainedArm, arm_accuracy, contrast
from trainer.statistics.scores import Predictions
from trainer.statistics.tests import crossed, nadeau_bengio, wilson

CLASSES = ["cats", "dogs"]


def runs(accuracy: float, seeds: int, folds: int = 1, images: int = 60, seed: int = 0) -> Runs:
    """Make predictions that are right so often; all runs have the same targets, fold by fold."""
    generator = np.random.default_rng(seed)
    targets = [np.random.default_rng(fold).integers(0, 2, images) for fold in range(folds)]
    return [
        [
            Predictions(each, np.where(generator.random(images) < accuracy, each, 1 - each))
            for each in targets
        ]
        for _ in range(seeds)
    ]


def held(
    treatment: Runs, baseline: Runs, metric: str = "accuracy", adjusted_p: float | None = None
) -> dict[str, Any]:
    """Hold two arms against each other."""
    setting = ContrastSettings(CLASSES, metric, margin=0.02, majority=0.5, looks=1)
    return contrast(
        TrainedArm("new", treatment, 100, 1.0),
        TrainedArm("old", baseline, 100, 0.0),
        setting,
        adjusted_p,
    )


def right(arm: Runs) -> np.ndarray[Any, Any]:
    """Give 1 where an arm is right: [seed, fold, image]."""
    return np.array([[fold.targets == fold.predicted for fold in seed] for seed in arm], float)


def test_primary_difference_is_the_crossed_one() -> None:
    treatment, baseline = runs(0.9, seeds=5, seed=1), runs(0.7, seeds=5, seed=2)
    result = held(treatment, baseline)
    differences = (right(treatment) - right(baseline))[:, 0]
    expected = crossed(differences)
    assert [
        result[name] for name in ("delta", "low", "high", "p", "dof", "standard_error")
    ] == pytest.approx(
        [
            expected.delta,
            expected.low,
            expected.high,
            expected.p,
            expected.dof,
            expected.standard_error,
        ]
    )
    assert result["by_seed"] == pytest.approx(differences.mean(axis=1))
    assert result["disagree"] == pytest.approx(np.mean(differences != 0))
    assert result["outcome"] == "HELPS"
    assert result["sentence"].startswith("HELPS: new − old = +")
    assert [(each["metric"], each["of"]) for each in result["details"]] == [
        ("accuracy", "all"), ("F1", "macro"), ("precision", "cats"), ("recall", "cats"), ("F1", "cats"),
        ("precision", "dogs"), ("recall", "dogs"), ("F1", "dogs"),
    ]  # fmt: skip


def test_macro_f1_can_be_the_primary_metric() -> None:
    treatment, baseline = runs(0.8, seeds=4, seed=3), runs(0.7, seeds=4, seed=4)
    result = held(treatment, baseline, metric="macro F1")
    scores = [
        np.mean([f1_score(seed[0].targets, seed[0].predicted, average="macro") for seed in arm])
        for arm in (treatment, baseline)
    ]
    assert result["delta"] == pytest.approx(scores[0] - scores[1])
    assert "macro F1 points" in result["sentence"]


def test_folds_are_tested_with_the_corrected_t() -> None:
    treatment, baseline = (
        runs(0.8, seeds=3, folds=5, images=12, seed=5),
        runs(0.7, seeds=3, folds=5, images=12, seed=6),
    )
    result = held(treatment, baseline)
    expected = nadeau_bengio((right(treatment) - right(baseline)).mean(axis=2), train=48, test=12)
    assert (result["low"], result["high"], result["dof"]) == pytest.approx(
        (expected.low, expected.high, expected.dof)
    )
    assert result["components"] is None
    assert "60 test images in 5 folds" in result["sentence"]


def test_swapped_arms_turn_the_difference() -> None:
    treatment, baseline = runs(0.85, seeds=3, seed=7), runs(0.75, seeds=3, seed=8)
    there, back = held(treatment, baseline), held(baseline, treatment)
    assert (there["low"], there["high"]) == pytest.approx((-back["high"], -back["low"]))
    assert there["p"] == pytest.approx(back["p"])


def test_one_seed_has_no_interval_and_two_show_nothing() -> None:
    one = held(runs(1.0, seeds=1), runs(0.5, seeds=1, seed=9))
    assert one["low"] is None
    assert one["outcome"] == "INCONCLUSIVE"
    two = held(runs(1.0, seeds=2), runs(0.5, seeds=2, seed=9))
    assert two["outcome"] == "INCONCLUSIVE"
    assert all(each["p"] is None for each in two["details"])


def test_accuracy_of_an_arm() -> None:
    few = runs(0.7, seeds=2, seed=10)
    assert arm_accuracy(few) == pytest.approx(
        (right(few).mean(), *wilson(right(few).mean(axis=0).sum(), 60))
    )
    perfect = runs(1.1, seeds=5)
    assert arm_accuracy(perfect) == (1.0, *wilson(60, 60))
    many = runs(0.7, seeds=6, seed=11)
    expected = crossed(right(many)[:, 0])
    assert arm_accuracy(many) == pytest.approx((expected.delta, expected.low, expected.high))
