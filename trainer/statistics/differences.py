"""The runs of two arms paired: every metric of the one minus that of the other, image by image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.statistics.crossed import crossed
from trainer.statistics.scores import Array, Key, Predictions, image_scores
from trainer.statistics.tests import Estimate, wilson
from trainer.statistics.verdict.evidence import FEWEST_SEEDS

Runs = Sequence[Sequence[Predictions]]
"""The runs of one arm: for each seed, one for each fold (without folds: one)."""

Groups = NDArray[np.int64]
"""A number for each test image, the same one for images that are no independent evidence."""

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


def estimate_mean(
    values: Differences, level: float = 0.95, groups: Groups | None = None
) -> Estimate | None:
    """Estimate a mean over seeds and images, or over seeds and folds.

    `groups` are those of the test images, as in `crossed_variance`. None where there is no test:
    for one seed, or one image.
    """
    if len(values) < 2:
        return None
    folds = len(values[0])
    if folds > 1:
        # Seeds are crossed with folds: training sets of two folds overlap, the photos of a fold
        # were tested by one training.
        by_fold = np.array(_list_means(values))
        return crossed(by_fold.reshape(len(values), folds), level)
    whole = [seed[0] for seed in values]
    units = len(whole[0]) if groups is None else len(np.unique(groups))
    if units < 2:
        return None
    return crossed(np.array(whole), level, groups)


def arm_score(
    runs: Runs, key: Key, classes: int, groups: Groups | None = None
) -> tuple[float, float, float]:
    """Return an arm's mean score and the ends of its 95 % interval.

    The interval holds for other seeds and other test images; with one or two seeds, and where no
    prediction varies, for other images only (Wilson's, of so many independent images).
    """
    scores: Differences = []
    for seed in runs:
        scores.append([image_scores(fold, classes)[key] for fold in seed])
    has_folds = len(runs[0]) > 1
    # Where all runs are right on all images, an interval over seeds would have no width.
    if not has_folds and (len(runs) < FEWEST_SEEDS or np.ptp(scores) == 0):
        score = float(np.mean(scores))
        number = len(scores[0][0]) if groups is None else len(np.unique(groups))
        low, high = wilson(score * number, number)
        return score, low, high
    estimate = estimate_mean(scores, groups=groups)
    if estimate is None:  # one seed of folds
        score = mean(scores)
        images = sum(len(fold) for fold in scores[0])
        low, high = wilson(score * images, images)
        return score, low, high
    # A t interval knows nothing of the ends of a proportion.
    low = max(0.0, estimate.low)
    high = min(1.0, estimate.high)
    return estimate.delta, low, high
