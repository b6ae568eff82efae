"""The faster functions against AugLy's own: the same pixels, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from augbuild.catalogue.transforms import CATALOGUE, Op, Param
from augbuild.pixels import exact
from augbuild.pixels.apply import apply
from augbuild.pixels.codec import read_image

from .images import noise

IMAGES = [
    noise(64, 48),
    noise(47, 61, seed=1),
    noise(1, 1),
    noise(1, 50),
    noise(50, 1),
    noise(700, 500),
]
IMAGES += [Image.new("RGB", (31, 17), colour) for colour in ("black", "white", "red", "#010203")]


def values(param: Param) -> st.SearchStrategy[Any]:
    match param.kind:
        case "choice":
            return st.sampled_from(param.choices)
        case "colour":
            return st.lists(st.integers(0, 255), min_size=3, max_size=3)
    ends = st.sampled_from([param.low, param.high, param.default, (param.low + param.high) / 2])
    return ends | st.floats(param.low, param.high)


def ops(name: str) -> st.SearchStrategy[Op]:
    params = st.fixed_dictionaries(
        {key: values(param) for key, param in CATALOGUE[name].params.items()}
    )
    return params.map(lambda drawn: Op(name, drawn))


def assert_as_auglys(image: Image.Image, op: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUGBUILD_REFERENCE", raising=False)
    ours = apply(image, [op])
    monkeypatch.setenv("AUGBUILD_REFERENCE", "1")
    auglys = apply(image, [op])
    assert ours.size == auglys.size
    assert np.array_equal(np.asarray(ours), np.asarray(auglys))


@pytest.mark.parametrize("name", exact.FUNCTIONS)
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), image=st.sampled_from(IMAGES))
def test_any_parameters_on_any_image(
    name: str, data: st.DataObject, image: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_as_auglys(image, data.draw(ops(name)), monkeypatch)


@pytest.mark.parametrize("angle", [*range(-360, 361, 45), 1e-9, 30.5, -7.25])
@pytest.mark.parametrize("line_type", ["solid", "dotted", "dashed"])
def test_stripes_at_every_special_angle(
    angle: float, line_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line_opacity in (0.3, 1.0):
        op = Op(
            "overlay_stripes",
            {"line_angle": angle, "line_type": line_type, "line_opacity": line_opacity},
        )
        assert_as_auglys(noise(700, 500), op, monkeypatch)


def real_photos(folder: Path) -> Iterator[Image.Image]:
    yield from map(read_image, islice(sorted(folder.rglob("*.jpg")), 4))


@pytest.mark.parametrize(
    "op",
    [
        Op("brightness", {"factor": 1.37}),
        Op("contrast", {"factor": 0.61}),
        Op("contrast", {"factor": 2.3}),
        Op(
            "color_jitter",
            {"brightness_factor": 0.8, "contrast_factor": 1.3, "saturation_factor": 1.2},
        ),
        Op("opacity", {"level": 0.43}),
        Op("overlay_stripes", {"line_angle": 33.0, "line_type": "dashed", "line_opacity": 0.4}),
    ],
    ids=lambda op: op.name,
)
def test_real_photos(op: Op, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for photo in real_photos(shared_data / "cats-dogs" / "test"):
        assert_as_auglys(photo, op, monkeypatch)


def test_the_reference_is_auglys_function(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(image: Image.Image, factor: float) -> Image.Image:
        return Image.new("RGB", image.size, (int(factor), 0, 0))

    monkeypatch.setattr(exact, "FUNCTIONS", {"brightness": wrong})
    image, op = noise(9, 9), Op("brightness", {"factor": 7.0})
    assert apply(image, [op]).getpixel((0, 0)) == (7, 0, 0)
    monkeypatch.setenv("AUGBUILD_REFERENCE", "1")
    assert apply(image, [op]).getpixel((0, 0)) != (7, 0, 0)
