"""Metrics image by image: values whose mean over the test images is the metric, for any test.

Accuracy is a mean by itself. Precision, recall and F1 are ratios of means; each image's value is
the metric plus its influence on it (the delta method; Hampel 1974), whose mean over images is 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Key = tuple[str, int]
"""A metric and the index of its class, or ALL or MACRO: no class has such an index."""

ALL, MACRO = -2, -1
ACCURACY: Key = ("accuracy", ALL)
MACRO_F1: Key = ("F1", MACRO)
BALANCED: Key = ("balanced accuracy", MACRO)


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one run predicted: class indices, (images,); −1 is a class unknown to the targets.

    `probabilities` are (images, classes), as the run wrote them; None where nobody asks for them.
    """

    targets: Labels
    predicted: Labels
    probabilities: Array | None = None


def correct(predictions: Predictions) -> Array:
    """Return 1 for each image that is right and 0 for each other, (images,)."""
    right: Array = (predictions.targets == predictions.predicted).astype(np.float64)
    return right


def image_scores(predictions: Predictions, classes: int) -> Mapping[Key, Array]:
    """Return every metric as one value an image, (images,).

    The metrics are accuracy, macro F1, balanced accuracy (the mean recall of all classes), and for
    each class precision, recall and F1, in this order.
    """
    by_class: dict[Key, Array] = {}
    f1: list[Array] = []
    recall: list[Array] = []
    for index in range(classes):
        true = _is_class(predictions.targets, index)
        named = _is_class(predictions.predicted, index)
        both = true * named
        either = named + true
        by_class["precision", index] = _ratio(both, named)
        by_class["recall", index] = _ratio(both, true)
        by_class["F1", index] = _ratio(2 * both, either)
        f1.append(by_class["F1", index])
        recall.append(by_class["recall", index])
    # The mean of the classes' F1, not the F1 of mean precision and recall, which is another number
    # and the less robust one (Opitz and Burst 2019).
    macro = np.mean(f1, axis=0)
    balanced = np.mean(recall, axis=0)
    return {ACCURACY: correct(predictions), MACRO_F1: macro, BALANCED: balanced, **by_class}


def best_constant(key: Key, counts: Sequence[int]) -> float:
    """Return the best score of always naming one class; `counts` are the test images by class."""
    share = max(counts) / sum(counts)
    if key == ACCURACY:
        return share
    if key == MACRO_F1:
        # Of the class that is named precision is its share and recall 1; the others' F1 is 0.
        return 2 * share / (1 + share) / len(counts)
    return 1 / len(counts)


def _is_class(labels: Labels, index: int) -> Array:
    is_class: Array = (labels == index).astype(np.float64)
    return is_class


def _ratio(above: Array, below: Array) -> Array:
    """Return a ratio of means plus each image's influence on it, (images,).

    0 where nothing is below, as with scikit-learn's `zero_division=0`.
    """
    mean = below.mean()
    if mean == 0:
        return np.zeros_like(above)
    share = above.mean() / mean
    influence = (above - share * below) / mean
    return np.asarray(share + influence)


def name_of(key: Key, classes: Sequence[str]) -> str:
    """Return what a metric is of: `all` images, the `macro` average, or a class by its name."""
    _, index = key
    if index == ALL:
        return "all"
    if index == MACRO:
        return "macro"
    return classes[index]


def confusion(predictions: Predictions, classes: int) -> NDArray[np.int64]:
    """Count images by true class (rows) and predicted class (columns), (classes, classes).

    Images predicted as a class unknown to the targets are left out.
    """
    counts = np.zeros((classes, classes), np.int64)
    # An index of −1 would count as the last class.
    known = predictions.predicted >= 0
    targets = predictions.targets[known]
    predicted = predictions.predicted[known]
    np.add.at(counts, (targets, predicted), 1)
    return counts
