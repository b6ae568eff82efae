"""Thumbnails confirm what signatures propose: below six grey levels, one by one in order."""

from __future__ import annotations

import numpy as np
import pytest

from augbuild.similarity import confirm as module
from augbuild.similarity.confirm import MAX_DIFFERENCE, confirm
from augbuild.similarity.hashes import Thumbnail

FIRST: Thumbnail = np.full((32, 32), 100, np.float32)


def confirmed(offsets: list[float], numbers: list[int]) -> list[int]:
    """Confirm pictures that are lighter than the first by so much."""
    return list(confirm(FIRST, np.array(numbers), lambda number: FIRST + offsets[number]))


def test_the_limit() -> None:
    offsets = [0.0, 5.99, 6.0, -5.99, -6.0, 100.0, float("nan")]
    assert MAX_DIFFERENCE == 6
    assert confirmed(offsets, list(range(7))) == [0, 1, 3]


def test_the_difference_is_the_mean_over_the_picture() -> None:
    half = FIRST.copy()
    half[:16] += 11.9
    assert list(confirm(FIRST, np.array([0]), lambda _: half)) == [0]
    half[:16] += 0.2
    assert list(confirm(FIRST, np.array([0]), lambda _: half)) == []


def test_the_order_is_that_of_the_pictures_given() -> None:
    assert confirmed([0.0] * 9, [7, 2, 8]) == [7, 2, 8]
    assert confirmed([], []) == []


def test_many_are_compared_in_several_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STACKED", 4)
    offsets = [float(number % 2 * 50) for number in range(11)]
    assert confirmed(offsets, list(range(11))) == [0, 2, 4, 6, 8, 10]
    assert confirmed(offsets, list(range(8))) == [0, 2, 4, 6]
