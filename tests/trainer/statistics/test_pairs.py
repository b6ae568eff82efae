"""Two arms paired: which seeds count, what groups are worth, and when two arms are one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.trainer.statistics.made_up import make_runs
from trainer.statistics.pairs import (
    ContrastSettings,
    TrainedArm,
    are_identical,
    count_groups,
    subtract_pair,
)
from trainer.statistics.scores import ACCURACY, BALANCED, MACRO_F1
from trainer.statistics.verdict.evidence import Level

SETTINGS = ContrastSettings(("cats", "dogs"), "accuracy", 0.02, per_class=(30, 30), looks=1)


def arm(seeds: int, seed: int, failed: frozenset[int] = frozenset()) -> TrainedArm:
    return TrainedArm("a", make_runs(0.8, seeds, seed=seed), 100, 300, 0.0, failed)


@pytest.mark.parametrize(
    ("metric", "key"),
    [("accuracy", ACCURACY), ("macro F1", MACRO_F1), ("balanced accuracy", BALANCED)],
)
def test_the_primary_metric_has_its_key(metric: str, key: tuple[str, int]) -> None:
    assert replace(SETTINGS, metric=metric).key == key


def test_seeds_at_which_either_arm_failed_do_not_count() -> None:
    pair = subtract_pair(arm(6, 1, frozenset({0})), arm(6, 2, frozenset({0, 4})), SETTINGS)
    whole = pair.differences[ACCURACY]
    assert [id(values) for values in pair.used] == [id(whole[seed]) for seed in (1, 2, 3, 5)]
    every = subtract_pair(arm(20, 1, frozenset({0})), arm(20, 2), SETTINGS)
    assert len(every.used) == 20, "from 20 seeds on the mean is over all"


def test_without_a_seed_that_trained_there_is_no_estimate() -> None:
    pair = subtract_pair(arm(2, 1, frozenset({0, 1})), arm(2, 2), SETTINGS)
    assert (pair.used, pair.estimate) == ([], None)


def test_a_level_of_seeds_has_their_degrees_of_freedom() -> None:
    settings = replace(SETTINGS, level=Level(0.01, of_seeds=True))
    estimate = subtract_pair(arm(6, 1), arm(6, 2), settings).estimate
    assert estimate is not None
    assert estimate.dof == 5


def test_groups_are_worth_their_sizes() -> None:
    assert count_groups(None, 7) == (7, 7.0)
    groups = np.array([0, 0, 1, 2])
    number, worth = count_groups(groups, 4)
    assert number == 3
    assert worth == pytest.approx(1 / (0.25 + 0.0625 + 0.0625))


def test_one_other_probability_tells_two_arms_apart() -> None:
    runs = []
    for (run,) in make_runs(0.8, seeds=2):
        runs.append([replace(run, probabilities=np.eye(2)[run.predicted])])
    assert are_identical(runs, runs)
    ((last,),) = runs[1:]
    assert last.probabilities is not None
    changed = last.probabilities.copy()
    changed[-1, 0] += 1e-12
    assert not are_identical(runs, [runs[0], [replace(last, probabilities=changed)]])
    assert not are_identical(make_runs(0.8, seeds=2), make_runs(0.8, seeds=2)), "nobody knows"
