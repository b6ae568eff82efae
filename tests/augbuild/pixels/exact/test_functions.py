"""Every function against AugLy's own: any parameters, on made and on real images."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from augbuild.catalogue.transforms import CATALOGUE, Op
from augbuild.pixels import apply as apply_module
from augbuild.pixels.apply import apply
from augbuild.pixels.codec import read_image, shrink
from augbuild.pixels.exact.functions import FUNCTIONS
from tests.augbuild.pixels.images import default_op, noise, write_layer

from .compare import assert_as_auglys, images, ops

COUNT_OF_ALL = 2000


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_layer(tmp_path_factory.mktemp("layers"))


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), image=images())
def test_any_parameters_on_any_image(
    name: str, data: st.DataObject, image: Image.Image, layers: Path
) -> None:
    assert_as_auglys(image, data.draw(ops(name)), layers)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
@settings(
    max_examples=COUNT_OF_ALL,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), image=images())
def test_any_parameters_on_two_thousand_images(
    name: str, data: st.DataObject, image: Image.Image, layers: Path
) -> None:
    assert_as_auglys(image, data.draw(ops(name)), layers)


def drawn_op(name: str, generator: np.random.Generator) -> Op:
    """Draw moderate numbers, as recipes have them, without Hypothesis's love of the ends."""
    params = {}
    for key, param in CATALOGUE[name].params.items():
        if param.kind == "number" and isinstance(param.default, float):
            reach = 45.0 if name == "rotate" else 0.5
            low = max(param.low, param.default - reach)
            high = min(param.high, param.default + reach)
            params[key] = generator.uniform(low, high)
    return default_op(name, **params)


def photos(folder: Path, count: int) -> Iterator[Image.Image]:
    yield from map(read_image, islice(sorted(folder.rglob("*.jpg")), count))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_real_photos(name: str, shared_data: Path, layers: Path) -> None:
    generator = np.random.default_rng(11)
    for photo in photos(shared_data / "cats-dogs" / "test", 3):
        for size in (None, 224):
            op = drawn_op(name, generator)
            assert_as_auglys(shrink(photo, size), op, layers)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_two_thousand_real_photos(name: str, shared_data: Path, layers: Path) -> None:
    generator = np.random.default_rng(5)
    for photo in photos(shared_data / "cats-dogs", COUNT_OF_ALL // 4):
        small = shrink(photo, 400)
        for _ in range(4):
            assert_as_auglys(small, drawn_op(name, generator), layers)


def test_the_reference_is_auglys_function(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(image: Image.Image, factor: float) -> Image.Image:
        return Image.new("RGB", image.size, (int(factor), 0, 0))

    monkeypatch.setattr(apply_module, "FUNCTIONS", {"brightness": wrong})
    image, op = noise(9, 9), Op("brightness", {"factor": 7.0})
    assert apply(image, [op]).getpixel((0, 0)) == (7, 0, 0)
    monkeypatch.setenv("AUGBUILD_REFERENCE", "1")
    assert apply(image, [op]).getpixel((0, 0)) != (7, 0, 0)
