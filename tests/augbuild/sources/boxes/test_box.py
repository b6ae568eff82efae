"""Boxes: their names, and which pixels of a photo they show."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.core.files import is_safe_path
from augbuild.errors import ImageError
from augbuild.sources.boxes.box import Box, box_path, photo_of, region_of, split_box
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding

numbers = st.integers(-(10**7), 10**7).map(lambda number: number / 10_000)


@given(st.builds(Box, numbers, numbers, numbers, numbers, percent=st.booleans()))
def test_a_name_says_photo_and_box(box: Box) -> None:
    path = box_path("a/b#c.jpg", box)
    assert split_box(path) == ("a/b#c.jpg", box)
    assert photo_of(path) == "a/b#c.jpg"
    assert is_safe_path(path)


@pytest.mark.parametrize(
    ("box", "name"),
    [
        (Box(507, 63, 102, 117), "7.jpg#xywh=507,63,102,117"),
        (Box(0.5, 1.25, 10.0, 3.33333), "7.jpg#xywh=0.5,1.25,10,3.3333"),
        (Box(-0.0, -3, 9, 9, percent=True), "7.jpg#xywh=percent:0,-3,9,9"),
    ],
)
def test_names_are_those_of_media_fragments(box: Box, name: str) -> None:
    assert box_path("7.jpg", box) == name


@pytest.mark.parametrize(
    "path", ["7.jpg", "a#xywh=1,2,3.jpg", "7.jpg#xywh=1,2,3", "7.jpg#xywh=a,b,c,d", "7.jpg#t=1"]
)
def test_a_file_is_no_box(path: str) -> None:
    assert split_box(path) == (path, None)
    assert photo_of(path) == path


@pytest.mark.parametrize(
    ("box", "region"),
    [
        (Box(10, 20, 30, 40), (10, 20, 40, 60)),
        (Box(10.4, 20.6, 30, 40), (10, 20, 41, 61)),
        (Box(-5, -5, 20, 20), (0, 0, 15, 15)),
        (Box(90, 70, 50, 50), (90, 70, 100, 80)),
        (Box(25, 50, 50, 25, percent=True), (25, 40, 75, 60)),
        (Box(0, 0, 100, 100, percent=True), (0, 0, 100, 80)),
        (Box(33.3333, 0, 33.3333, 100, percent=True), (33, 0, 67, 80)),
    ],
)
def test_whole_pixels_that_a_box_touches_are_shown(
    box: Box, region: tuple[int, int, int, int]
) -> None:
    assert region_of(box, (100, 80), DEFAULT_DECODING) == region


def test_floats_that_miss_a_whole_number_by_a_hair_are_that_number() -> None:
    box = Box(0, 0, 0.07 * 100, 100, percent=True)  # 7.000000000000001
    assert region_of(box, (100, 80), DEFAULT_DECODING) == (0, 0, 7, 80)


@pytest.mark.parametrize(
    ("box", "margin", "region"),
    [
        (Box(40, 40, 20, 10), 0.5, (30, 35, 70, 55)),
        (Box(40, 40, 20, 10), 0.1, (38, 39, 62, 51)),
        (Box(0, 0, 20, 10), 1, (0, 0, 40, 20)),
        (Box(40, 50, 20, 12.5, percent=True), 0.5, (30, 35, 70, 55)),
    ],
)
def test_margin_is_a_share_of_each_side_of_the_box(
    box: Box, margin: float, region: tuple[int, int, int, int]
) -> None:
    assert region_of(box, (100, 80), Decoding(margin=margin)) == region


@pytest.mark.parametrize(
    ("box", "reason", "message"),
    [
        (Box(5, 5, 0, 9), "box_empty", "the box has no width or no height"),
        (Box(5, 5, 9, -1), "box_empty", "the box has no width or no height"),
        (Box(100, 0, 9, 9), "box_outside", "the box lies outside its photo of 100 x 80"),
        (Box(0, -9, 9, 9), "box_outside", "the box lies outside its photo of 100 x 80"),
        (Box(98, 0, 9, 9), "box_small", "the box shows 2 x 9 pixels; min_size is 3 pixels"),
        (Box(0, 78, 9, 2), "box_small", "the box shows 9 x 2 pixels; min_size is 3 pixels"),
    ],
)
def test_what_shows_too_little_has_a_reason(box: Box, reason: str, message: str) -> None:
    with pytest.raises(ImageError) as caught:
        region_of(box, (100, 80), Decoding(min_size=3, margin=2))
    assert (caught.value.reason, str(caught.value)) == (reason, message)


def test_min_size_itself_is_enough() -> None:
    assert region_of(Box(97, 77, 9, 9), (100, 80), Decoding(min_size=3)) == (97, 77, 100, 80)


@given(
    st.builds(Box, numbers, numbers, numbers, numbers, percent=st.booleans()),
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    st.floats(0, 10),
)
def test_a_region_is_never_empty_and_never_leaves_the_photo(
    box: Box, size: tuple[int, int], margin: float
) -> None:
    try:
        left, top, right, bottom = region_of(box, size, Decoding(margin=margin))
    except ImageError:
        return
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e300])
def test_numbers_of_no_photo_are_found(number: float) -> None:
    assert not Box(1, 1, number, 1).is_finite
    assert Box(1, 1, 1, 1).is_finite
