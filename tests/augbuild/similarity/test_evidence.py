"""Evidence: what is measured of copies, and of pictures that are none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from augbuild.similarity.evidence import Evidence, measure
from augbuild.similarity.matching import match

from .drawing import MOVED, SAME_FRAME, scene, signatures_of


def measured(kind: str, *, moved: bool = True) -> Evidence:
    """Measure eight pictures with a copy of each."""
    copies = {**SAME_FRAME, **MOVED}
    originals = [scene(number) for number in range(8)]
    pictures = signatures_of(*originals, *(copies[kind](each) for each in originals))
    matches = match(pictures, np.arange(8), np.arange(8, 16))
    return measure(pictures, matches, moved=np.full(8, moved))


@pytest.mark.parametrize("kind", SAME_FRAME)
def test_in_the_same_frame(kind: str) -> None:
    evidence = measured(kind)
    assert np.sort(evidence.frame)[1] > (0.85 if kind == "captioned" else 0.95)
    assert np.sort(evidence.frame_cells)[1] > 0.6
    assert (evidence.frame_colours > 0).all()


@pytest.mark.parametrize("kind", MOVED)
def test_moved(kind: str) -> None:
    evidence = measured(kind)
    assert np.median(evidence.frame) < 0.8
    assert np.sort(evidence.moved)[1] > 0.9
    assert np.sort(evidence.moved_cells)[1] > 0.6
    assert (evidence.moved_colours > 0).all()
    assert (evidence.overlap > 0.8).all()
    assert np.sort(evidence.shear)[-2] < 0.06


def test_what_is_not_to_be_aligned_is_not() -> None:
    evidence = measured("framed", moved=False)
    assert not evidence.moved.any()
    assert not evidence.overlap.any()


def test_pictures_that_are_none() -> None:
    pictures = signatures_of(*map(scene, range(40)))
    firsts, seconds = np.triu_indices(40, 1)
    chosen = np.arange(0, len(firsts), 3)
    matches = match(pictures, firsts[chosen], seconds[chosen])
    evidence = measure(pictures, matches, moved=np.ones(len(chosen), np.bool_))
    assert evidence.frame.max() < 0.7
    assert evidence.moved.max() < 0.8
    assert evidence.difference.min() > 0.3


def test_difference_is_a_share_of_the_contrast() -> None:
    same = measured("smaller")
    assert same.difference.max() < 0.1
    lit = measured("darker")
    assert lit.difference.min() > 0.2


def test_colours_of_another_object() -> None:
    """The same edges in the opposite colours."""
    picture = scene(1)
    red, green, blue = picture.split()
    swapped = Image.merge("RGB", (blue, green, red))
    pictures = signatures_of(picture, swapped)
    matches = match(pictures, np.array([0]), np.array([1]))
    evidence = measure(pictures, matches, moved=np.array([True]))
    assert evidence.frame[0] > 0.9
    assert evidence.frame_colours[0] < 0
    assert evidence.moved_colours[0] < 0


def test_nothing() -> None:
    empty = np.zeros(0, np.intp)
    pictures = signatures_of(scene(1))
    evidence = measure(pictures, match(pictures, empty, empty), moved=np.zeros(0, np.bool_))
    assert [len(column) for column in evidence] == [0] * 9
