"""Two arms paired image by image, and the accuracy of one arm."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from tests.trainer.statistics.made_up import make_runs, right
from trainer.statistics.crossed import crossed
from trainer.statistics.differences import (
    Groups,
    Runs,
    arm_score,
    estimate_mean,
    mean,
    mean_by_seed,
    subtract,
)
from trainer.statistics.scores import ACCURACY, BALANCED, MACRO_F1, Predictions
from trainer.statistics.tests import wilson


def test_every_metric_is_subtracted_image_by_image() -> None:
    treatment = make_runs(0.9, seeds=3, folds=2, seed=1)
    baseline = make_runs(0.6, seeds=3, folds=2, seed=2)
    differences = subtract(treatment, baseline, 2)
    assert list(differences)[:3] == [ACCURACY, MACRO_F1, BALANCED]
    assert len(differences) == 3 + 2 * 3
    assert np.array(differences[ACCURACY]) == pytest.approx(right(treatment) - right(baseline))
    for values in differences.values():
        assert [len(seed) for seed in values] == [2, 2, 2]


def test_arms_of_unequal_seeds_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="zip"):
        subtract(make_runs(0.9, seeds=3), make_runs(0.9, seeds=2), 2)


def test_means_count_each_fold_alike() -> None:
    values = [[np.array([1.0, 0.0]), np.array([1.0])], [np.array([0.0, 0.0]), np.array([1.0])]]
    assert mean(values) == (0.5 + 1 + 0 + 1) / 4
    assert mean_by_seed(values) == (0.75, 0.5)


def test_seeds_and_images_are_crossed_without_folds() -> None:
    differences = subtract(make_runs(0.9, 4, seed=1), make_runs(0.7, 4, seed=2), 2)[ACCURACY]
    assert estimate_mean(differences) == crossed(np.array([seed[0] for seed in differences]))


def test_seeds_are_crossed_with_folds() -> None:
    treatment = make_runs(0.9, 3, folds=5, images=12, seed=1)
    baseline = make_runs(0.7, 3, folds=5, images=12, seed=2)
    differences = subtract(treatment, baseline, 2)[ACCURACY]
    expected = crossed((right(treatment) - right(baseline)).mean(axis=2))
    assert estimate_mean(differences) == expected
    assert estimate_mean(differences[:1]) is None, "one seed tells nothing of others"


def test_the_level_and_the_groups_reach_the_test() -> None:
    differences = subtract(make_runs(0.9, 4, seed=1), make_runs(0.7, 4, seed=2), 2)[ACCURACY]
    groups = np.arange(60) // 2
    whole = np.array([seed[0] for seed in differences])
    assert estimate_mean(differences, 0.99) == crossed(whole, 0.99)
    assert estimate_mean(differences, groups=groups) == crossed(whole, groups=groups)
    assert estimate_mean(differences, groups=np.zeros(60, np.int64)) is None


def test_one_run_or_one_image_is_no_test() -> None:
    differences = subtract(make_runs(0.9, 2, seed=1), make_runs(0.7, 2, seed=2), 2)[ACCURACY]
    assert estimate_mean(differences) is not None
    assert estimate_mean(differences[:1]) is None
    assert estimate_mean([[np.array([1.0])], [np.array([0.0])]]) is None
    assert estimate_mean([[np.array([1.0, 0.0])], [np.array([0.0, 0.0])]]) is not None


def accuracy(runs: Runs, groups: Groups | None = None) -> tuple[float, float, float]:
    return arm_score(runs, ACCURACY, 2, groups)


def test_accuracy_of_one_or_two_seeds_holds_for_other_images() -> None:
    few = make_runs(0.7, seeds=2, seed=10)
    share = right(few).mean(axis=0).sum()
    assert accuracy(few) == pytest.approx((right(few).mean(), *wilson(share, 60)))


def test_accuracy_of_one_seed_holds_for_other_groups_of_images() -> None:
    few = make_runs(0.7, seeds=1, seed=10)
    share = right(few).mean()
    groups = np.arange(60) // 3
    assert accuracy(few, groups) == pytest.approx((share, *wilson(share * 20, 20)))


def test_accuracy_of_three_seeds_holds_for_other_seeds_too() -> None:
    many = make_runs(0.7, seeds=3, seed=11)
    expected = crossed(right(many)[:, 0])
    assert accuracy(many) == pytest.approx((expected.delta, expected.low, expected.high))
    groups = np.arange(60) // 3
    expected = crossed(right(many)[:, 0], groups=groups)
    assert accuracy(many, groups) == pytest.approx((expected.delta, expected.low, expected.high))


def test_accuracy_of_runs_that_do_not_vary_is_wilsons() -> None:
    assert accuracy(make_runs(1.1, seeds=5)) == (1.0, *wilson(60, 60))
    assert accuracy(make_runs(-0.1, seeds=5)) == (0.0, *wilson(0, 60))


def test_accuracy_over_folds_is_crossed_with_them() -> None:
    runs = make_runs(0.7, seeds=3, folds=2, images=15, seed=3)
    expected = crossed(right(runs).mean(axis=2))
    values = [list(seed) for seed in right(runs)]
    assert estimate_mean(values) == expected
    low, high = max(0.0, expected.low), min(1.0, expected.high)
    assert accuracy(runs) == pytest.approx((expected.delta, low, high))
    one = make_runs(0.7, seeds=1, folds=4, images=15, seed=3)
    assert accuracy(one) == pytest.approx((right(one).mean(), *wilson(right(one).sum(), 60)))


def test_other_metrics_have_an_interval_too() -> None:
    runs = make_runs(0.7, seeds=4, seed=12)
    score, low, high = arm_score(runs, MACRO_F1, 2)
    targets, predicted = runs[0][0].targets, [run.predicted for (run,) in runs]
    f1 = [f1_score(targets, each, average="macro") for each in predicted]
    assert score == pytest.approx(np.mean(f1))
    assert low < score < high
    balanced, _, _ = arm_score(runs, BALANCED, 2)
    recalls = [balanced_accuracy_score(targets, each) for each in predicted]
    assert balanced == pytest.approx(np.mean(recalls))


def test_an_interval_ends_at_0_and_at_1() -> None:
    """A t interval around 11 of 12 and 1 of 12 would go on beyond them."""
    targets = np.zeros(12, np.int64)
    high = []
    for wrong in range(3):
        predicted = targets.copy()
        predicted[wrong] = 1
        high.append([Predictions(targets, predicted)])
    score, low, top = accuracy(high)
    assert crossed(right(high)[:, 0]).high > 1
    assert score == pytest.approx(11 / 12)
    assert top == 1.0
    flipped = [[Predictions(targets, 1 - run[0].predicted)] for run in high]
    mirrored, bottom, end = accuracy(flipped)
    assert crossed(right(flipped)[:, 0]).low < 0
    assert mirrored == pytest.approx(1 / 12)
    assert bottom == 0.0
    assert end == pytest.approx(1 - low)
