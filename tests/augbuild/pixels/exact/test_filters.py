"""Filters at radii and qualities where the codec or Pillow goes another way."""

from __future__ import annotations

import pytest

from augbuild.catalogue.transforms import CATALOGUE, Op
from tests.augbuild.pixels.images import noise

from .compare import assert_as_auglys

HIGHEST = CATALOGUE["blur"].params["radius"].high


@pytest.mark.parametrize("radius", [1e-9, 0.3, 1, 1.0, 2.5, 9.99, HIGHEST])
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (64, 48)])
def test_radii_on_images_that_are_smaller(size: tuple[int, int], radius: float) -> None:
    assert_as_auglys(noise(*size), Op("blur", {"radius": radius}))


@pytest.mark.parametrize("factor", [0.0, 0.7, 1.0, 1.7, 10.0])
def test_sharpness(factor: float) -> None:
    assert_as_auglys(noise(64, 48), Op("sharpen", {"factor": factor}))


@pytest.mark.parametrize("quality", [0, 1, 50, 95, 96, 100])
def test_qualities(quality: int) -> None:
    assert_as_auglys(noise(64, 48), Op("encoding_quality", {"quality": quality}))
