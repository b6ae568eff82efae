"""Differences of every metric: their order, their adjustment, and the classes that are hurt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.trainer.statistics.made_up import make_runs, right
from trainer.statistics.crossed import crossed
from trainer.statistics.details import Detail, count_overall, describe_differences, find_hurt
from trainer.statistics.differences import Runs, subtract
from trainer.statistics.pairs import ContrastSettings
from trainer.statistics.scores import Predictions
from trainer.statistics.tests import holm, resolution

SETTINGS = ContrastSettings(("cats", "dogs"), "accuracy", 0.02, per_class=(30, 30), looks=1)


def details_of(treatment: Runs, baseline: Runs) -> tuple[Detail, ...]:
    return describe_differences(subtract(treatment, baseline, 2), SETTINGS)


def test_details_are_in_a_fixed_order() -> None:
    details = details_of(make_runs(0.9, seeds=3, seed=1), make_runs(0.7, seeds=3, seed=2))
    names = [(detail.metric, detail.of) for detail in details]
    assert count_overall(details) == 3
    assert names[:3] == [("accuracy", "all"), ("F1", "macro"), ("balanced accuracy", "macro")]
    assert names[3:] == [
        ("precision", "cats"),
        ("recall", "cats"),
        ("F1", "cats"),
        ("precision", "dogs"),
        ("recall", "dogs"),
        ("F1", "dogs"),
    ]


def test_p_and_intervals_are_adjusted_alike() -> None:
    details = details_of(make_runs(0.85, seeds=5, seed=1), make_runs(0.65, seeds=5, seed=2))
    p_values = [detail.p for detail in details if detail.p is not None]
    assert len(p_values) == len(details)
    assert [detail.adjusted_p for detail in details] == pytest.approx(holm(p_values))
    for detail in details:
        assert detail.low is not None
        assert detail.high is not None
        assert detail.adjusted_p is not None
        assert (detail.low > 0 or detail.high < 0) == (detail.adjusted_p < 0.05)
    alone = crossed((right(make_runs(0.85, 5, seed=1)) - right(make_runs(0.65, 5, seed=2)))[:, 0])
    accuracy = details[0]
    assert accuracy.p == pytest.approx(alone.p)
    assert accuracy.low is not None
    assert accuracy.low < alone.low, "one of nine"


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_have_no_interval(seeds: int) -> None:
    details = details_of(make_runs(0.9, seeds, seed=1), make_runs(0.6, seeds, seed=2))
    assert {(detail.low, detail.high, detail.p, detail.adjusted_p) for detail in details} == {
        (None, None, None, None)
    }


def three_dogs(dogs_right: int) -> Runs:
    """Make five equal runs on 57 cats, all right, and three dogs."""
    targets = np.array([0] * 57 + [1] * 3)
    predicted = targets.copy()
    predicted[57 + dogs_right :] = 0
    return [[Predictions(targets, predicted)] for _ in range(5)]


def test_a_class_of_three_images_is_no_certainty() -> None:
    """All seeds agree on the three dogs: the interval is as wide as three images make it."""
    settings = replace(SETTINGS, per_class=(57, 3))
    details = describe_differences(subtract(three_dogs(3), three_dogs(1), 2), settings)
    recall = next(each for each in details if (each.metric, each.of) == ("recall", "dogs"))
    assert recall.delta == pytest.approx(2 / 3)
    assert recall.low is not None
    assert recall.high == 1.0, "cut at the end of a difference of shares"
    assert recall.delta - recall.low > 2 * resolution(3)
    lost = describe_differences(subtract(three_dogs(1), three_dogs(3), 2), settings)
    assert next(each for each in lost if each.metric == "recall" and each.of == "dogs").low == -1.0


def detail(metric: str, of: str, delta: float, adjusted_p: float | None) -> Detail:
    return Detail(
        metric=metric, of=of, delta=delta, low=None, high=None, p=None, adjusted_p=adjusted_p
    )


def test_classes_that_are_hurt_are_named_once() -> None:
    details = [
        detail("accuracy", "all", -0.3, 0.001),
        detail("F1", "macro", -0.3, 0.001),
        detail("balanced accuracy", "macro", -0.3, 0.001),
        detail("precision", "cats", -0.3, 0.001),  # of cats that are named, not of cats
        detail("recall", "cats", -0.12, 0.049),
        detail("F1", "cats", -0.1, 0.001),
        detail("precision", "macro", 0.0, None),
        detail("recall", "macro", -0.2, 0.05),
        detail("F1", "macro", 0.2, 0.001),
    ]
    assert find_hurt(details) == ("cats (recall −12 points)",)
    assert find_hurt([]) == ()


def test_version_0_1_had_no_balanced_accuracy() -> None:
    old = [detail("accuracy", "all", 0.1, None), detail("F1", "macro", 0.1, None)]
    assert count_overall(old) == count_overall([*old, detail("F1", "macro", 0.2, None)]) == 2
