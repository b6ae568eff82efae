"""Metrics image by image: values whose mean over the test images is the metric, so that any of them can be tested.

Accuracy is a mean by itself. Precision, recall and F1 are ratios of means; each image's value is the metric plus its
influence on it (the delta method; Hampel 1974), whose mean over images is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Key = tuple[str, int]
"""A metric and the index of the class that it is of, or ALL or MACRO: no class is so called, whatever its name."""

ALL, MACRO = -2, -1
ACCURACY: Key = ("accuracy", ALL)
MACRO_F1: Key = ("F1", MACRO)


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one run predicted: the class index of each test image; −1 is a class that the targets don't know."""

    targets: Labels
    predicted: Labels


def correct(predictions: Predictions) -> Array:
    """Give 1 for each image that is right, and 0 for each other."""
    right: Array = (predictions.targets == predictions.predicted).astype(np.float64)
    return right


def image_scores(predictions: Predictions, classes: int) -> Mapping[Key, Array]:
    """Give every metric as one value an image, (images,): accuracy, macro F1, and precision, recall, F1 by class."""
    by_class = {
        (metric, index): values
        for index in range(classes)
        for metric, values in _of_class(predictions, index)
    }
    macro = np.mean([by_class["F1", index] for index in range(classes)], axis=0)
    return {ACCURACY: correct(predictions), MACRO_F1: macro, **by_class}


def name_of(key: Key, classes: Sequence[str]) -> str:
    """Say what a metric is of: all images, the macro average, or a class."""
    return {ALL: "all", MACRO: "macro"}.get(key[1]) or classes[key[1]]


def confusion(predictions: Predictions, classes: int) -> NDArray[np.int64]:
    """Count images by true class (rows) and predicted class (columns), those predicted as no known class left out."""
    counts = np.zeros((classes, classes), np.int64)
    known = predictions.predicted >= 0
    np.add.at(counts, (predictions.targets[known], predictions.predicted[known]), 1)
    return counts


def _of_class(predictions: Predictions, index: int) -> Iterator[tuple[str, Array]]:
    true = (predictions.targets == index).astype(np.float64)
    named = (predictions.predicted == index).astype(np.float64)
    both = true * named
    yield "precision", _ratio(both, named)
    yield "recall", _ratio(both, true)
    yield "F1", _ratio(2 * both, named + true)


def _ratio(above: Array, below: Array) -> Array:
    """Give a ratio of means plus each image's influence on it; 0 where nothing is below, as scikit-learn has it."""
    mean = below.mean()
    if mean == 0:
        return np.zeros_like(above)
    share = above.mean() / mean
    return np.asarray(share + (above - share * below) / mean)
