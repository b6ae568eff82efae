"""The sheet of flips: who was right how often, and pictures that keep their shape."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.figures.drawn import LONG, ORDINARY, assert_fits_a_page, assert_legible
from trainer.figures.flipped import (
    Flip,
    HitCount,
    Picture,
    PicturedFlip,
    Pixels,
    draw_flips,
    flips_figure,
)
from trainer.figures.theme import BLUE, VERMILION


def pictured(names: list[str], before: int = 2, after: int = 9) -> PicturedFlip:
    """Return a flip of pictures that are no squares."""
    picture = Picture(names[0], names[1], np.zeros((30, 90, 3), np.uint8))
    flip = Flip(names[0], HitCount(names[1], 10, before), HitCount(names[1], 10, after))
    return PicturedFlip(flip, picture, (picture,) * 3)


def colours(flip: PicturedFlip) -> dict[str, object]:
    """Return the colours of all texts of a sheet with one flip."""
    return {text.get_text(): text.get_color() for text in flips_figure([flip]).texts}


@pytest.mark.parametrize("names", [ORDINARY, LONG], ids=["ordinary", "long"])
@pytest.mark.parametrize("count", [1, 6])
def test_words_can_be_read(names: list[str], count: int) -> None:
    assert_legible(flips_figure([pictured(names)] * count))


def test_it_fits_a_page() -> None:
    assert_fits_a_page(draw_flips([pictured(LONG)] * 6))


def test_a_change_is_the_share_of_right_runs_in_the_treatment_less_that_in_the_baseline() -> None:
    flip = Flip("it", HitCount("cats", 10, 4), HitCount("cats", 5, 1))
    assert flip.change == pytest.approx(-0.2)
    assert flip.baseline.text == "4 of 10 runs"
    assert HitCount("cats", 1, 1).text == "1 of 1 run"


def test_counts_of_both_arms_are_told() -> None:
    more = colours(pictured(["sub/it.jpg", "cats"]))
    assert {"true: cats", "right in 2 of 10 runs", "→ in 9 of 10 runs", "it.jpg"} <= more.keys()
    assert more["more often right"] == BLUE
    less = colours(pictured(["sub/it.jpg", "cats"], before=9, after=2))
    assert less["less often right"] == VERMILION


@pytest.mark.parametrize(
    ("shape", "top", "left"), [((30, 90, 3), 30, 0), ((90, 30, 3), 0, 30), ((5, 8, 3), 1, 0)]
)
def test_a_picture_is_shown_whole_in_the_middle_of_a_white_square(
    shape: tuple[int, int, int], top: int, left: int
) -> None:
    pixels: Pixels = np.full(shape, 7, np.uint8)
    picture = Picture("it", "cats", pixels)
    flip = Flip("it", HitCount("cats", 1, 0), HitCount("cats", 1, 1))
    (axes,) = flips_figure([PicturedFlip(flip, picture, ())]).axes
    shown = np.asarray(axes.images[0].get_array())
    side = max(shape[:2])
    expected = np.full((side, side, 3), 255, np.uint8)
    expected[top : top + shape[0], left : left + shape[1]] = 7
    assert shown.tolist() == expected.tolist()


def test_neighbours_stand_side_by_side_right_of_their_image() -> None:
    places = [axes.get_position().x0 for axes in flips_figure([pictured(ORDINARY)]).axes]
    assert places == sorted(places)
    assert len(set(places)) == 4
