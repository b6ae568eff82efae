"""The runs of two arms paired: every metric of the one minus that of the other, image by image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.statistics.crossed import crossed
from trainer.statistics.scores import Array, Key, Predictions, correct, image_scores
from trainer.statistics.tests import Estimate, nadeau_bengio, wilson
from trainer.statistics.verdict import FEWEST_SEEDS

Runs = Sequence[Sequence[Predictions]]
"""The runs of one arm: for each seed, one for each fold (without folds: one)."""

Differences = list[list[Array]]
"""One metric of the treatment minus that of the baseline: [seed][fold] (images,)."""


def subtract(treatment: Runs, baseline: Runs, classes: int) -> dict[Key, Differences]:
    """Subtract every metric image by image; runs are paired by seed and fold."""
    differences: dict[Key, Differences] = {}
    for number, folds in enumerate(zip(treatment, baseline, strict=True)):
        for one, other in zip(*folds, strict=True):
            one_scores = image_scores(one, classes)
            other_scores = image_scores(other, classes)
            for key, values in one_scores.items():
                by_seed = differences.setdefault(key, [])
                if len(by_seed) == number:
                    by_seed.append([])
                difference = values - other_scores[key]
                by_seed[number].append(difference)
    return differences


def mean(values: Differences) -> float:
    """Return the mean over all runs, each fold counting alike."""
    means = _list_means(values)
    return float(np.mean(means))


def _list_means(values: Differences) -> list[float]:
    means = []
    for seed in values:
        means += [fold.mean() for fold in seed]
    return means


def mean_by_seed(values: Differences) -> tuple[float, ...]:
    """Return the mean of each seed over its folds."""
    return tuple(mean([seed]) for seed in values)


def estimate_mean(values: Differences) -> Estimate | None:
    """Estimate a mean over seeds and images, or over seeds and folds.

    None where there is no test: without folds, for one seed or one image.
    """
    folds = len(values[0])
    if folds > 1:
        images = sum(len(fold) for fold in values[0])
        # Folds differ by a few images where groups do not divide; their mean size stands for all.
        test = round(images / folds)
        train = images - test
        return nadeau_bengio(_list_means(values), train, test)
    whole = [seed[0] for seed in values]
    if len(whole) < 2 or len(whole[0]) < 2:
        return None
    return crossed(np.array(whole))


def arm_accuracy(runs: Runs) -> tuple[float, float, float]:
    """Return an arm's mean accuracy and the ends of its 95 % interval.

    The interval holds for other seeds and other test images; with one or two seeds, and where no
    prediction varies, for other images only (Wilson). With folds it is the corrected t.
    """
    right: Differences = []
    for seed in runs:
        right.append([correct(fold) for fold in seed])
    has_folds = len(runs[0]) > 1
    # Where all runs are right on all images, an interval over seeds would have no width.
    if not has_folds and (len(runs) < FEWEST_SEEDS or np.ptp(right) == 0):
        per_image = np.mean([seed[0] for seed in right], axis=0)
        successes = float(per_image.sum())
        low, high = wilson(successes, len(per_image))
        return float(per_image.mean()), low, high
    estimate = estimate_mean(right)
    assert estimate is not None, "there are seeds or folds enough"
    # A t interval knows nothing of the ends of a proportion.
    low = max(0.0, estimate.low)
    high = min(1.0, estimate.high)
    return estimate.delta, low, high
