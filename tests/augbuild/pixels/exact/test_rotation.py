"""Rotation at the angles and sizes where Pillow or AugLy goes another way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from augbuild.catalogue.transforms import Op
from augbuild.pixels.exact import rotation
from tests.augbuild.pixels.images import noise

from .compare import assert_as_auglys

ANGLES = [
    *range(-360, 361, 15),
    *(45 + offset for offset in (1e-12, -1e-12, 1e-9, 1e-3)),
    *(90 + offset for offset in (1e-16, 1e-14, 1e-9, -1e-9)),
    *(1e-300, 1e-16, 1e-14, 1e-9, 0.1, 359.9999, -0.25),
]


@pytest.mark.parametrize("degrees", ANGLES)
@pytest.mark.parametrize("size", [(64, 48), (48, 64), (50, 50), (51, 50), (9, 400), (7, 1)])
def test_every_special_angle(degrees: float, size: tuple[int, int]) -> None:
    assert_as_auglys(noise(*size), Op("rotate", {"degrees": degrees}))


@settings(max_examples=300)
@given(
    width=st.integers(1, 260),
    height=st.integers(1, 260),
    degrees=st.floats(-360, 360),
    seed=st.integers(0, 9),
)
def test_any_angle_and_size(width: int, height: int, degrees: float, seed: int) -> None:
    assert_as_auglys(noise(width, height, seed), Op("rotate", {"degrees": degrees}))


@pytest.mark.parametrize("degrees", [-359.0, -91.5, -45.0, -3.0, 0.01, 17.0, 89.0, 181.0, 300.5])
def test_only_the_box_is_computed(degrees: float, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    transform = Image.Image.transform

    def note(image: Image.Image, size: tuple[int, int], *rest: object) -> Image.Image:
        sizes.append(size)
        return transform(image, size, *rest)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Image.Image, "transform", note)
    result = rotation.rotate(noise(300, 200), degrees)
    assert sizes == [result.size]


@pytest.mark.parametrize("degrees", [0.0, 90.0, -180.0])
def test_turns_by_quarters_are_no_transform(
    degrees: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Image.Image, "transform")
    image = noise(30, 20)
    turned = rotation.rotate(image, degrees)
    expected = np.rot90(np.asarray(image), round(degrees / 90))
    assert np.array_equal(np.asarray(turned), expected)


@pytest.mark.parametrize("side", [32_700, 32_760, 32_766, 32_768, 40_000])
@pytest.mark.parametrize("degrees", [0.01, 89.99])
def test_sides_at_which_pillow_counts_in_another_way(side: int, degrees: float) -> None:
    op = Op("rotate", {"degrees": degrees})
    assert_as_auglys(noise(side, 12), op)
    assert_as_auglys(noise(12, side), op)


@pytest.mark.parametrize("box", [(-1, 0, 9, 9), (0, -1, 9, 9), (0, 0, 99, 9), (0, 0, 9, 99)])
@pytest.mark.parametrize("empty", [(5, 0, 5, 9), (0, 5, 9, 5)])
def test_a_box_that_is_no_part_of_the_canvas_is_not_taken(
    box: tuple[int, int, int, int], empty: tuple[int, int, int, int]
) -> None:
    inverse = rotation.Inverse.of((40, 30), 10.0)
    assert inverse.shifted_to((0, 0, 9, 9)) is not None
    assert inverse.shifted_to(box) is None
    assert inverse.shifted_to(empty) is None
