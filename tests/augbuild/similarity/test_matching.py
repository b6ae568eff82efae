"""Matches: how pictures are most alike, view by view and turn by turn."""

from __future__ import annotations

import numpy as np
import pytest

from augbuild.similarity.matching import match, score_all
from augbuild.similarity.pictures.turns import TURNS, Turn
from augbuild.similarity.pictures.views import CONTENT, WINDOWS

from .drawing import MOVED, SAME_FRAME, captioned, crop, scene, signatures_of, turned

FIRST, SECOND = np.array([0]), np.array([1])


@pytest.mark.parametrize("turn", TURNS)
def test_the_turn_is_found(turn: Turn) -> None:
    set_of_two = signatures_of(turned(scene(1), turn), scene(1))
    found = match(set_of_two, FIRST, SECOND)
    number = TURNS.index(turn)
    assert [int(column[0]) for column in found] == [0, 1, number, 0, 0]
    assert score_all(set_of_two)[0, 1] > 0.97


def test_a_crop_is_the_first_whichever_it_was() -> None:
    for order in ((0, 1), (1, 0)):
        pictures = [crop(scene(2), 0.72, (1 / 3, 2 / 3)), scene(2)]
        found = match(signatures_of(*(pictures[number] for number in order)), FIRST, SECOND)
        assert (found.first[0], found.second[0]) == order
        left, top, *_ = WINDOWS[found.second_view[0]]
        assert (left, top) == pytest.approx((0.28 / 3, 0.56 / 3))


def test_the_inside_of_a_frame() -> None:
    found = match(signatures_of(scene(3), MOVED["framed"](scene(3))), FIRST, SECOND)
    assert (found.first[0], found.first_view[0], found.second_view[0]) == (0, 0, CONTENT)


@pytest.mark.parametrize("turn", ["upright", "mirrored and turned by 90°"])
def test_what_a_caption_leaves_is_compared_with_its_like(turn: Turn) -> None:
    found = match(signatures_of(turned(captioned(scene(4)), turn), scene(4)), FIRST, SECOND)
    assert TURNS[found.turn[0]] == turn
    assert WINDOWS[found.second_view[0]] == (0.0, 0.0, 1.0, 0.89)
    assert found.first_view[0] != 0


@pytest.mark.parametrize("kind", [*SAME_FRAME, *MOVED])
def test_copies_score_above_all_others(kind: str) -> None:
    copies = {**SAME_FRAME, **MOVED}
    pictures = signatures_of(*map(scene, range(12)), *(copies[kind](scene(n)) for n in range(12)))
    scores = score_all(pictures)
    assert np.array_equal(scores, scores.T)
    np.fill_diagonal(scores, -1)
    best = scores.argmax(axis=1)
    assert (best[:12] == np.arange(12, 24)).sum() >= 11


def test_nothing() -> None:
    one = signatures_of(scene(1))
    empty = np.zeros(0, np.intp)
    assert [len(column) for column in match(one, empty, empty)] == [0] * 5
    assert score_all(one).shape == (1, 1)
