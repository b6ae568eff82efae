"""Two arms paired image by image, and the accuracy of one arm."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.statistics.made_up import make_runs, right
from trainer.statistics.crossed import crossed
from trainer.statistics.differences import (
    arm_accuracy,
    estimate_mean,
    mean,
    mean_by_seed,
    subtract,
)
from trainer.statistics.scores import ACCURACY, MACRO_F1, Predictions
from trainer.statistics.tests import nadeau_bengio, wilson


def test_every_metric_is_subtracted_image_by_image() -> None:
    treatment = make_runs(0.9, seeds=3, folds=2, seed=1)
    baseline = make_runs(0.6, seeds=3, folds=2, seed=2)
    differences = subtract(treatment, baseline, 2)
    assert list(differences)[:2] == [ACCURACY, MACRO_F1]
    assert len(differences) == 2 + 2 * 3
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


def test_folds_are_resampled() -> None:
    treatment = make_runs(0.9, 3, folds=5, images=12, seed=1)
    baseline = make_runs(0.7, 3, folds=5, images=12, seed=2)
    differences = subtract(treatment, baseline, 2)[ACCURACY]
    expected = nadeau_bengio((right(treatment) - right(baseline)).mean(axis=2), 48, 12)
    assert estimate_mean(differences) == expected
    assert estimate_mean(differences[:1]) is not None, "one seed has five folds"


def test_one_run_or_one_image_is_no_test() -> None:
    differences = subtract(make_runs(0.9, 2, seed=1), make_runs(0.7, 2, seed=2), 2)[ACCURACY]
    assert estimate_mean(differences) is not None
    assert estimate_mean(differences[:1]) is None
    assert estimate_mean([[np.array([1.0])], [np.array([0.0])]]) is None
    assert estimate_mean([[np.array([1.0, 0.0])], [np.array([0.0, 0.0])]]) is not None


def test_accuracy_of_one_or_two_seeds_holds_for_other_images() -> None:
    few = make_runs(0.7, seeds=2, seed=10)
    share = right(few).mean(axis=0).sum()
    assert arm_accuracy(few) == pytest.approx((right(few).mean(), *wilson(share, 60)))


def test_accuracy_of_three_seeds_holds_for_other_seeds_too() -> None:
    many = make_runs(0.7, seeds=3, seed=11)
    expected = crossed(right(many)[:, 0])
    assert arm_accuracy(many) == pytest.approx((expected.delta, expected.low, expected.high))


def test_accuracy_of_runs_that_do_not_vary_is_wilsons() -> None:
    assert arm_accuracy(make_runs(1.1, seeds=5)) == (1.0, *wilson(60, 60))
    assert arm_accuracy(make_runs(-0.1, seeds=5)) == (0.0, *wilson(0, 60))


def test_two_folds_are_resampled_and_not_crossed() -> None:
    runs = make_runs(0.7, seeds=3, folds=2, images=15, seed=3)
    expected = nadeau_bengio(right(runs).mean(axis=2), 15, 15)
    values = [list(seed) for seed in right(runs)]
    assert estimate_mean(values) == expected
    assert arm_accuracy(runs) == pytest.approx((expected.delta, expected.low, expected.high))


@pytest.mark.parametrize(("sizes", "test"), [((10, 11, 12), 11), ((10, 10, 11), 10)])
def test_folds_of_unequal_size_count_as_their_mean(sizes: tuple[int, ...], test: int) -> None:
    generator = np.random.default_rng(4)
    values = [[generator.random(size) for size in sizes] for _ in range(2)]
    means = [fold.mean() for seed in values for fold in seed]
    assert estimate_mean(values) == nadeau_bengio(means, sum(sizes) - test, test)


def test_accuracy_over_folds_is_the_corrected_t() -> None:
    runs = make_runs(0.7, seeds=1, folds=4, images=15, seed=3)
    expected = nadeau_bengio(right(runs).mean(axis=2), 45, 15)
    assert arm_accuracy(runs) == pytest.approx((expected.delta, expected.low, expected.high))


def test_an_interval_ends_at_0_and_at_1() -> None:
    """A t interval around 11 of 12 and 1 of 12 would go on beyond them."""
    targets = np.zeros(12, np.int64)
    high = []
    for wrong in range(3):
        predicted = targets.copy()
        predicted[wrong] = 1
        high.append([Predictions(targets, predicted)])
    accuracy, low, top = arm_accuracy(high)
    assert crossed(right(high)[:, 0]).high > 1
    assert accuracy == pytest.approx(11 / 12)
    assert top == 1.0
    flipped = [[Predictions(targets, 1 - run[0].predicted)] for run in high]
    mirrored, bottom, end = arm_accuracy(flipped)
    assert crossed(right(flipped)[:, 0]).low < 0
    assert mirrored == pytest.approx(1 / 12)
    assert bottom == 0.0
    assert end == pytest.approx(1 - low)
