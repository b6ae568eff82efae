"""Two arms that were trained, paired seed by seed, and the difference of their primary metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trainer.statistics.differences import Differences, Groups, Runs, estimate_mean, subtract
from trainer.statistics.scores import ACCURACY, BALANCED, MACRO_F1, Key
from trainer.statistics.tests import Estimate, at_level
from trainer.statistics.verdict.evidence import FIVE_PERCENT, SEEDS_FOR_FAILURES, Level

_KEYS: Mapping[str, Key] = {
    "accuracy": ACCURACY,
    "macro F1": MACRO_F1,
    "balanced accuracy": BALANCED,
}


@dataclass(frozen=True, slots=True)
class TrainedArm:
    """One arm with its runs, the steps of each, its images, and the share that is augmented.

    `failed` are the places of the seeds at which a run failed to train.
    """

    name: str
    runs: Runs
    steps: int
    images: int
    augmented: float
    failed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ContrastSettings:
    """What all contrasts of a comparison share.

    `metric` is `accuracy`, `macro F1` or `balanced accuracy`; `per_class` counts the test images of
    each class. `groups` has a number for each test image, alike for those that are one picture;
    None where each image stands for itself.
    """

    classes: tuple[str, ...]
    metric: str
    margin: float
    per_class: tuple[int, ...]
    looks: int
    level: Level = FIVE_PERCENT
    groups: Groups | None = None
    overridden: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Return the primary metric."""
        return _KEYS[self.metric]


@dataclass(frozen=True, slots=True)
class Pair:
    """A treatment and its baseline with their differences, and the estimate of the primary one.

    `used` has the differences of the seeds that count: those at which both arms trained.
    """

    treatment: TrainedArm
    baseline: TrainedArm
    differences: Mapping[Key, Differences]
    used: Differences
    estimate: Estimate | None


def subtract_pair(treatment: TrainedArm, baseline: TrainedArm, settings: ContrastSettings) -> Pair:
    differences = subtract(treatment.runs, baseline.runs, len(settings.classes))
    primary = differences[settings.key]
    failed = treatment.failed | baseline.failed
    used = primary
    # A run that failed to train says nothing of the others; from 20 seeds on the mean over all
    # holds its level, and is the claim.
    if len(primary) < SEEDS_FOR_FAILURES:
        used = [values for place, values in enumerate(primary) if place not in failed]
    level = settings.level
    estimate = estimate_mean(used, 1 - level.alpha, settings.groups) if used else None
    if estimate is not None and level.of_seeds:
        estimate = at_level(estimate, 1 - level.alpha, dof=len(used) - 1)
    return Pair(treatment, baseline, differences, used, estimate)


def count_groups(groups: Groups | None, images: int) -> tuple[int, float]:
    """Return the number of groups, and of the independent images that they are worth."""
    if groups is None:
        return images, float(images)
    _, sizes = np.unique(groups, return_counts=True)
    shares = sizes / images
    return len(sizes), float(1 / np.square(shares).sum())


def are_identical(treatment: Runs, baseline: Runs) -> bool:
    """Check whether all runs of two arms gave every class of every image the same probability."""
    for seeds in zip(treatment, baseline, strict=True):
        for one, other in zip(*seeds, strict=True):
            if one.probabilities is None or other.probabilities is None:
                return False
            if not np.array_equal(one.probabilities, other.probabilities):
                return False
    return True
