"""Views: the parts of a picture that they show, and what they make of borders and turns."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from augbuild.similarity.pictures.views import (
    COMPARED,
    CONTENT,
    INSETS,
    SIDE,
    VIEWS,
    WAVES,
    WHOLE,
    WINDOWS,
    find_content,
    middle_square,
    take_views,
    tilt,
)
from tests.augbuild.similarity.drawing import scene


def squeezed(picture: Image.Image) -> NDArray[np.floating]:
    small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small).astype(np.float32)


def likeness(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Correlate two views but for their mean."""
    first, second = first.ravel()[1:], second.ravel()[1:]
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def test_all_windows_lie_within_the_picture() -> None:
    assert WINDOWS[0] == WHOLE
    assert len(set(WINDOWS)) == len(WINDOWS) == CONTENT == VIEWS - 4
    for left, top, right, bottom in WINDOWS:
        assert 0 <= left < right <= 1.0001
        assert 0 <= top < bottom <= 1.0001


@pytest.mark.parametrize("number", range(len(WINDOWS)))
def test_a_window_is_the_whole_of_what_is_cut_out(number: int) -> None:
    picture = scene(3, (600, 600))
    left, top, right, bottom = (round(600 * edge) for edge in WINDOWS[number])
    part = picture.crop((left, top, right, bottom))
    view = take_views(squeezed(picture), 600, 600)[number]
    assert likeness(view, take_views(squeezed(part), *part.size)[0]) > 0.995


def test_the_view_within_borders() -> None:
    picture = scene(4)
    framed = ImageOps.expand(picture, (20, 30, 40, 50), "white")
    content = find_content(squeezed(framed))
    width, height = framed.size
    assert content == pytest.approx(
        (20 / width, 30 / height, 340 / width, 270 / height), abs=1.5 / SIDE
    )
    own = take_views(squeezed(framed), *framed.size)[CONTENT]
    assert likeness(own, take_views(squeezed(picture), *picture.size)[0]) > 0.98


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_no_border_no_cut(seed: int) -> None:
    assert find_content(squeezed(scene(seed))) == WHOLE


def test_what_is_all_border_is_whole() -> None:
    assert find_content(np.full((SIDE, SIDE), 255, np.float32)) == WHOLE
    line = np.full((SIDE, SIDE), 255, np.float32)
    line[60:64, 20:100] = 0  # so little is no content
    assert find_content(line) == WHOLE


def test_middle_square() -> None:
    assert middle_square(200, 100) == (0.25, 0, 0.75, 1)
    assert middle_square(100, 400) == (0, 0.375, 1, 0.625)
    picture = scene(5, (400, 200))
    square = picture.crop((100, 0, 300, 200))
    own = take_views(squeezed(picture), 400, 200)[CONTENT + 1]
    assert likeness(own, take_views(squeezed(square), 200, 200)[0]) > 0.995


@pytest.mark.parametrize("size", [(320, 240), (200, 400)])
def test_tilted_as_pillow_turns(size: tuple[int, int]) -> None:
    """Clockwise, and in the picture's own shape: not that of the square."""
    picture = scene(6, size)
    expected = squeezed(picture.rotate(-8, Image.Resampling.BICUBIC))
    found = tilt(squeezed(picture), 8, size[0] / size[1])
    middle = slice(24, -24)
    error = np.abs(found[middle, middle] - expected[middle, middle]).mean()
    other_way = tilt(squeezed(picture), -8, size[0] / size[1])
    wrong = np.abs(other_way[middle, middle] - expected[middle, middle]).mean()
    assert error < 0.35 * wrong


def test_insets_are_compared_with_the_same_part_of_a_turned_picture() -> None:
    for pairs in COMPARED:
        assert pairs[0] == tuple(range(VIEWS))
        assert sorted(other for inset in INSETS for other in pairs[inset]) == sorted(INSETS)
    top, left = WINDOWS.index((0.0, 0.11, 1.0, 1.0)), WINDOWS.index((0.11, 0.0, 1.0, 1.0))
    assert COMPARED[0][top] == (top,)
    assert COMPARED[4][left] == (WINDOWS.index((0.0, 0.0, 0.89, 1.0)),)
    assert COMPARED[1][top] == (left,)  # a turn clockwise brings what was left to the top


def test_waves_do_not_see_light() -> None:
    """But for the first, which is the mean."""
    grey = squeezed(scene(7))
    darker = take_views(grey * 0.5 + 20, SIDE, SIDE)[:CONTENT]
    assert np.allclose(darker[:, 1:], take_views(grey, SIDE, SIDE)[:CONTENT, 1:] / 2, atol=0.05)
    assert darker.shape[1:] == (WAVES, WAVES) == (8, 8)
