"""Every compiled function against AugLy's own, or what stands for it, on real photos."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from augbuild.catalogue.transforms import CATALOGUE
from augbuild.pixels import replaced
from augbuild.pixels.codec import read_image, shrink
from augbuild.pixels.exact import functions as exact
from tests.augbuild.pixels.exact.compare import images, values

pytest.importorskip("numba", reason="needs numba (the extra fast)")

from augbuild.pixels.compiled.functions import FUNCTIONS

SAME = {**exact.FUNCTIONS, **replaced.FUNCTIONS}
COUNT_OF_ALL = 2000

RANGES = {
    "blur": {"radius": (0.3, 4.0)},
    "color_jitter": {
        "brightness_factor": (0.5, 1.5),
        "contrast_factor": (0.5, 1.5),
        "saturation_factor": (0.0, 2.0),
    },
    "random_noise": {"mean": (-0.05, 0.05), "var": (0.0, 0.05)},
}


def drawn(name: str, generator: np.random.Generator) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for key, (low, high) in RANGES[name].items():
        params[key] = generator.uniform(low, high)
    if name == "random_noise":
        params["seed"] = int(generator.integers(2**32))
    return params


def assert_same(name: str, image: Image.Image, params: dict[str, Any]) -> None:
    ours = FUNCTIONS[name](image, **params)
    theirs = SAME[name](image, **params)
    assert (ours.size, ours.mode) == (theirs.size, theirs.mode)
    is_equal = ours.tobytes() == theirs.tobytes()
    assert is_equal, f"{params} on {image.size}"


def photos(folder: Path, count: int) -> Iterator[Image.Image]:
    yield from map(read_image, islice(sorted(folder.rglob("*.jpg")), count))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_real_photos(name: str, shared_data: Path) -> None:
    generator = np.random.default_rng(11)
    for photo in photos(shared_data / "cats-dogs" / "test", 6):
        for size in (None, 224):
            assert_same(name, shrink(photo, size), drawn(name, generator))


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_two_thousand_real_photos(name: str, shared_data: Path) -> None:
    generator = np.random.default_rng(5)
    for photo in photos(shared_data / "cats-dogs", COUNT_OF_ALL // 4):
        small = shrink(photo, 400)
        for _ in range(4):
            assert_same(name, small, drawn(name, generator))


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=COUNT_OF_ALL)
@given(data=st.data(), image=images())
def test_any_parameters_on_two_thousand_images(
    name: str, data: st.DataObject, image: Image.Image
) -> None:
    params = CATALOGUE[name].params
    strategies = {key: values(name, param) for key, param in params.items() if key != "seed"}
    if "seed" in params:
        strategies["seed"] = st.integers(0, 2**32 - 1)
    assert_same(name, image, data.draw(st.fixed_dictionaries(strategies)))
