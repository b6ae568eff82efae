"""Predictions made up for tests: right as often as asked, with the same targets in all runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.statistics.differences import Runs
from trainer.statistics.scores import Predictions


def make_runs(accuracy: float, seeds: int, folds: int = 1, images: int = 60, seed: int = 0) -> Runs:
    """Make predictions of two classes; all runs have the same targets, fold by fold."""
    generator = np.random.default_rng(seed)
    runs = []
    for _ in range(seeds):
        by_fold = []
        for fold in range(folds):
            targets = np.random.default_rng(fold).integers(0, 2, images)
            is_right = generator.random(images) < accuracy
            by_fold.append(Predictions(targets, np.where(is_right, targets, 1 - targets)))
        runs.append(by_fold)
    return runs


def right(arm: Runs) -> NDArray[np.float64]:
    """Return 1 where an arm is right: [seed, fold, image]."""
    return np.array([[fold.targets == fold.predicted for fold in seed] for seed in arm], float)
