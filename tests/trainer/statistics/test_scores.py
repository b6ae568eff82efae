"""Metrics image by image: their means are scikit-learn's, their spread is that of resampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from trainer.statistics.scores import (
    ACCURACY,
    BALANCED,
    MACRO_F1,
    Predictions,
    best_constant,
    confusion,
    image_scores,
    name_of,
)

CLASSES = 3


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2)), min_size=1, max_size=40))
def test_means_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    targets, predicted = (np.array(column) for column in zip(*pairs, strict=True))
    scores = image_scores(Predictions(targets, predicted), CLASSES)
    labels = [0, 1, 2]
    assert scores[ACCURACY].mean() == pytest.approx(accuracy_score(targets, predicted))
    assert scores[MACRO_F1].mean() == pytest.approx(
        f1_score(targets, predicted, labels=labels, average="macro", zero_division=0.0)
    )
    for metric, function in (
        ("precision", precision_score),
        ("recall", recall_score),
        ("F1", f1_score),
    ):
        expected = function(targets, predicted, labels=labels, average=None, zero_division=0.0)
        for index in labels:
            assert scores[metric, index].mean() == pytest.approx(expected[index], abs=1e-12)
    assert confusion(Predictions(targets, predicted), CLASSES).sum() == (predicted >= 0).sum()


def test_spread_of_macro_f1_is_the_bootstraps() -> None:
    """The delta method's standard error is that of a thousand test sets drawn anew (Efron 1979)."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 3, 600)
    predicted = np.where(generator.random(600) < 0.7, targets, generator.integers(0, 3, 600))
    values = image_scores(Predictions(targets, predicted), CLASSES)[MACRO_F1]
    redrawn = [
        f1_score(targets[chosen], predicted[chosen], average="macro")
        for chosen in (generator.integers(0, 600, 600) for _ in range(1000))
    ]
    assert values.std(ddof=1) / np.sqrt(600) == pytest.approx(np.std(redrawn), rel=0.1)


def test_each_value_is_the_metric_and_its_change_with_the_images_weight() -> None:
    """The influence of an image: n times the metric's slope in the image's weight (Hampel 1974)."""
    generator = np.random.default_rng(1)
    targets = generator.integers(0, CLASSES, 12)
    predicted = np.where(generator.random(12) < 0.6, targets, generator.integers(0, CLASSES, 12))
    scores = image_scores(Predictions(targets, predicted), CLASSES)
    functions = {"precision": precision_score, "recall": recall_score, "F1": f1_score}
    for name, function in functions.items():
        for index in range(CLASSES):
            metric = function(targets, predicted, labels=[index], average=None)[0]
            for image in range(12):
                weights = np.ones(12)
                weights[image] += 1e-6
                more = function(
                    targets, predicted, labels=[index], average=None, sample_weight=weights
                )[0]
                expected = metric + 12 * (more - metric) / 1e-6
                assert scores[name, index][image] == pytest.approx(expected, abs=1e-4)


def test_no_class_is_taken_for_an_average() -> None:
    predictions = Predictions(np.array([0, 1, 2, 3]), np.array([0, 1, 2, 2]))
    scores = image_scores(predictions, 4)
    assert len(scores) == 3 + 3 * 4
    classes = ["all", "macro", "a", "b"]
    names = [name_of(key, classes) for key in scores]
    assert names[:3] == ["all", "macro", "macro"]
    assert names[3:] == ["all", "all", "all", "macro", "macro", "macro", *"aaabbb"]


def test_confusion_counts_rows_by_true_class() -> None:
    predictions = Predictions(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, -1, 0]))
    assert confusion(predictions, 2).tolist() == [[1, 1], [1, 1]]


def test_a_class_that_is_nowhere_scores_nothing() -> None:
    scores = image_scores(Predictions(np.array([0, 0]), np.array([0, 0])), 2)
    assert scores["precision", 1].tolist() == scores["F1", 1].tolist() == [0.0, 0.0]


@given(st.lists(st.integers(0, 30), min_size=2, max_size=6).filter(any))
def test_the_best_constant_answer_is_that_of_scikit_learn(counts: list[int]) -> None:
    targets = np.repeat(np.arange(len(counts)), counts)
    labels = list(range(len(counts)))
    accuracies, f1s, balanced = [], [], []
    for label in labels:
        named = Predictions(targets, np.full(len(targets), label))
        scores = image_scores(named, len(counts))
        accuracies.append(np.mean(named.predicted == targets))
        f1s.append(f1_score(targets, named.predicted, labels=labels, average="macro",
                            zero_division=0))  # fmt: skip
        balanced.append(scores[BALANCED].mean())
    assert best_constant(ACCURACY, counts) == pytest.approx(max(accuracies))
    assert best_constant(MACRO_F1, counts) == pytest.approx(max(f1s))
    assert best_constant(BALANCED, counts) == pytest.approx(max(balanced))


def test_chance_of_macro_f1_is_not_the_largest_class() -> None:
    """On 95 and 5 images always naming the first has an F1 of 0.974, and 0 of the other."""
    assert best_constant(MACRO_F1, (95, 5)) == pytest.approx(1.9 / 1.95 / 2)
    assert best_constant(ACCURACY, (95, 5)) == 0.95
    assert best_constant(BALANCED, (95, 5)) == 0.5
