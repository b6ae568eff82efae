"""Flips and turns: of pixels, of waves, of windows, and one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from augbuild.similarity.pictures.turns import (
    TURNS,
    chain_turns,
    invert_turn,
    undo_turn,
    undo_turn_of_waves,
    undo_turn_of_window,
    undo_turns,
)
from augbuild.similarity.pictures.views import SIDE, WHOLE, take_views
from tests.augbuild.similarity.drawing import scene, turned

NUMBERS = range(len(TURNS))


def grey(seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    pixels = np.asarray(scene(seed, (SIDE, SIDE)).convert("L"), np.float32)
    return pixels.reshape(SIDE, SIDE)


@pytest.mark.parametrize("number", NUMBERS)
def test_undoing_what_pillow_did(number: int) -> None:
    picture = scene(1, (40, 30))
    pixels = np.moveaxis(np.asarray(turned(picture, TURNS[number])), 2, 0)
    assert np.array_equal(np.moveaxis(undo_turn(number, pixels), 0, 2), np.asarray(picture))


def test_a_turn_of_its_own_in_each() -> None:
    pictures = np.stack([grey(seed) for seed in NUMBERS])
    upright = undo_turns(np.arange(8)[::-1], pictures)
    for number, each in enumerate(upright):
        assert np.array_equal(each, undo_turn(7 - number, pictures[number]))


@pytest.mark.parametrize("number", NUMBERS)
def test_waves_turn_as_their_picture(number: int) -> None:
    waves = take_views(grey(1), SIDE, SIDE)[0]
    of_turned = take_views(np.ascontiguousarray(undo_turn(number, grey(1))), SIDE, SIDE)[0]
    assert np.allclose(undo_turn_of_waves(number, waves), of_turned, atol=0.5)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_window_turns_as_its_picture(number: int) -> None:
    mask = np.zeros((100, 100))
    mask[20:60, 10:90] = 1
    left, top, right, bottom = undo_turn_of_window(number, (0.1, 0.2, 0.9, 0.6))
    rows, columns = np.nonzero(undo_turn(number, mask))
    found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert found == pytest.approx((left * 100, top * 100, right * 100, bottom * 100))
    assert undo_turn_of_window(number, WHOLE) == WHOLE


def test_one_after_the_other() -> None:
    pixels = np.arange(12).reshape(3, 4)
    for first in NUMBERS:
        assert chain_turns(first, invert_turn(first)) == 0
        for then in NUMBERS:
            both = undo_turn(then, undo_turn(first, pixels))
            assert np.array_equal(undo_turn(chain_turns(first, then), pixels), both)
