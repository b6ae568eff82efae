"""Alignment: affine maps found again, and what of a picture they show."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from augbuild.similarity.alignment import align, places, warp
from augbuild.similarity.pictures.thumbnails import soften

from .drawing import scene

SIDE = 64
IDENTITY = np.eye(3, dtype=np.float32)[None]


def picture(seed: int) -> NDArray[np.floating]:
    small = scene(seed, (256, 256)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return soften(np.asarray(small).astype(np.float32))[None]


def motion(scale: float, x: float, y: float, turn: float = 0.0) -> NDArray[np.floating]:
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[[cosine, -sine, x], [sine, cosine, y], [0, 0, 1]]], np.float32)


def test_places_are_pixel_centres() -> None:
    x, y = places(4)
    assert x.reshape(4, 4)[2].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert y.reshape(4, 4)[:, 1].tolist() == [-0.75, -0.25, 0.25, 0.75]


def test_nothing_moved_is_the_same() -> None:
    warped, seen = warp(picture(1), IDENTITY)
    assert np.allclose(warped, picture(1), atol=0.2)
    assert seen.all()


def test_moved_by_whole_pixels() -> None:
    warped, seen = warp(picture(1), motion(1, 6 * 2 / SIDE, -4 * 2 / SIDE))
    assert np.allclose(warped[0, 4:, :-7], picture(1)[0, :-4, 6:-1], atol=0.01)
    assert not seen[0, :4].any()
    assert not seen[0, :, -6:].any()
    assert seen[0, 4:, :-6].all()


@pytest.mark.parametrize("seed", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "wanted",
    [motion(0.9, 0.05, -0.08), motion(0.8, -0.1, 0.1, 0.05), motion(1, 0.02, 0.06, -0.08)],
    ids=["crop", "crop and turn", "turn"],
)
def test_a_map_is_found_again_through_another_light(
    seed: int, wanted: NDArray[np.floating]
) -> None:
    template, _ = warp(picture(seed), wanted)
    found = align(template * 0.7 + 30, picture(seed), IDENTITY, steps=30)
    assert np.abs(found - wanted).max() < 0.01


def test_many_pairs_are_aligned_each_for_itself() -> None:
    wanted = np.concatenate([motion(0.9, 0.05, -0.08), motion(1, 0.02, 0.06, -0.08)])
    pictures = np.concatenate([picture(1), picture(2)])
    templates, _ = warp(pictures, wanted)
    start = np.repeat(IDENTITY, 2, axis=0)
    both = align(templates, pictures, start, steps=10)
    for number in range(2):
        one = slice(number, number + 1)
        alone = align(templates[one], pictures[one], start[one], steps=10)
        assert np.allclose(both[one], alone, atol=1e-3)


def test_flat_pictures_do_no_harm() -> None:
    flat = np.full((1, SIDE, SIDE), 128, np.float32)
    assert np.isfinite(align(flat, picture(1), IDENTITY, steps=5)).all()
    assert np.isfinite(align(picture(1), flat, IDENTITY, steps=5)).all()
