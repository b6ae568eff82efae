"""The maps that views propose, and the shape that a map leaves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from augbuild.similarity.alignment import warp
from augbuild.similarity.matching import match
from augbuild.similarity.motions import first_motions, measure_shear
from augbuild.similarity.pictures.thumbnails import band_pass, correlate, soften
from augbuild.similarity.pictures.turns import TURNS, Turn, undo_turns

from .drawing import captioned, crop, scene, signatures_of, tilted, turned

FIRST, SECOND = np.array([0]), np.array([1])

PAIRS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "crop": lambda picture: crop(picture, 0.72, (1 / 3, 1)),
    "middle square": lambda picture: picture.crop((40, 0, 280, 240)),
    "tilted": lambda picture: crop(tilted(picture, 8), 0.95),
    "tilted back": lambda picture: crop(tilted(picture, -8), 0.95),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("kind", PAIRS)
def test_the_first_map_is_near(kind: str, turn: Turn) -> None:
    """Under it, what both show is alike before any alignment."""
    pair = signatures_of(turned(PAIRS[kind](scene(2)), turn), scene(2))
    found = match(pair, FIRST, SECOND)
    assert {int(found.first[0]), int(found.second[0])} == {0, 1}
    template = undo_turns(found.turn, pair["grey"][found.first].astype(np.float32))
    picture = pair["grey"][found.second].astype(np.float32)
    warped, seen = warp(soften(picture), first_motions(pair, found))
    own, other = (soften(each).reshape(1, -1) for each in (template, warped))
    assert correlate(own, other, seen.reshape(1, -1))[0] > 0.75
    edges = band_pass(template).reshape(1, -1), band_pass(warped).reshape(1, -1)
    assert correlate(*edges, seen.reshape(1, -1))[0] > 0.25


def test_shear_is_measured_in_pixels() -> None:
    """A turn of a wide picture shears its square thumbnail, and is no shear."""
    pair = signatures_of(scene(1, (400, 200)), scene(1, (400, 200)))
    found = match(pair, FIRST, SECOND)
    cosine, sine = np.cos(0.1), np.sin(0.1)
    turn = np.array([[[cosine, -sine / 2, 0], [sine * 2, cosine, 0], [0, 0, 1]]], np.float32)
    assert measure_shear(pair, found, turn)[0] == pytest.approx(0, abs=1e-6)
    sheared = np.array([[[1, 0.1, 0], [0, 1, 0], [0, 0, 1]]], np.float32)
    assert measure_shear(pair, found, sheared)[0] == pytest.approx(0.196, abs=0.001)


def test_shear_of_a_picture_that_lay_on_its_side() -> None:
    """Once turned back, the first has the shape of the second."""
    pair = signatures_of(turned(scene(1, (400, 200)), "turned by 90°"), scene(1, (400, 200)))
    found = match(pair, FIRST, SECOND)
    assert found.turn[0] % 2 == 1
    width, height = pair["size"][found.second[0]].tolist()
    cosine, sine = np.cos(0.1), np.sin(0.1)
    rows = [[cosine, -sine * height / width, 0], [sine * width / height, cosine, 0], [0, 0, 1]]
    assert measure_shear(pair, found, np.array([rows], np.float32))[0] < 1e-6


def test_what_a_caption_leaves_stays_in_place() -> None:
    pair = signatures_of(captioned(scene(2)), scene(2))
    found = match(pair, FIRST, SECOND)
    assert found.first_view[0] == found.second_view[0] != 0
    assert np.allclose(first_motions(pair, found), np.eye(3), atol=1e-6)
