"""Predicted sizes against the sizes that come out."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from augbuild.catalogue.assets import resolve_asset
from augbuild.catalogue.transforms import CATALOGUE, JsonValue, Op
from augbuild.errors import ApplyError
from augbuild.pixels.apply import apply
from augbuild.pixels.limits import output_size, working_size

SIDES = st.integers(1, 120)


def arguments(name: str, **given: Any) -> dict[str, Any]:
    return {key: param.default for key, param in CATALOGUE[name].params.items()} | given


PARAMS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "change_aspect_ratio": st.fixed_dictionaries({"ratio": st.floats(0.1, 10)}),
    "clip_image_size": st.fixed_dictionaries(
        {
            "min_resolution": st.none() | st.integers(1, 3000),
            "max_resolution": st.none() | st.integers(3000, 9000),
        }
    ),
    "meme_format": st.fixed_dictionaries(
        {"text": st.just("i"), "caption_height": st.integers(20, 60)}
    ),
    "pad": st.fixed_dictionaries({"w_factor": st.floats(0, 4), "h_factor": st.floats(0, 4)}),
    "pad_square": st.just({}),
    "resize": st.fixed_dictionaries(
        {side: st.none() | st.integers(1, 300) for side in ("width", "height")}
    ),
    "scale": st.fixed_dictionaries({"factor": st.floats(0.01, 3)}),
}
SLACK = {"pad_square": 2}  # AugLy pads both sides alike, and rounds down


@pytest.mark.parametrize("name", PARAMS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), width=SIDES, height=SIDES)
def test_the_predicted_size_comes_out(
    name: str, data: st.DataObject, width: int, height: int
) -> None:
    params = data.draw(PARAMS[name])
    predicted = (0, 0)
    with suppress(ZeroDivisionError):  # too small for the op
        predicted = output_size(name, arguments(name, **params), (width, height))
    try:
        made = apply(Image.new("RGB", (width, height)), [Op(name, params)]).size
    except ApplyError:
        # Not any error: one of the prediction would come out as one of the op, too.
        assert 0 in predicted or (name == "meme_format" and width < 20)
        return
    assert math.dist(made, predicted) <= SLACK.get(name, 0)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("change_aspect_ratio", {"ratio": 3.0}, (120, 40)),
        ("clip_image_size", {}, (80, 60)),
        ("clip_image_size", {"min_resolution": 4800}, (80, 60)),
        ("clip_image_size", {"min_resolution": 19200}, (160, 120)),
        ("clip_image_size", {"max_resolution": 4800}, (80, 60)),
        ("clip_image_size", {"max_resolution": 1200}, (40, 30)),
        ("clip_image_size", {"min_resolution": 100, "max_resolution": 9000}, (80, 60)),
        ("meme_format", {"caption_height": 25}, (80, 85)),
        ("pad", {"w_factor": 0.5, "h_factor": 0.25}, (160, 90)),
        ("pad_square", {}, (80, 80)),
        ("resize", {"width": 30}, (30, 60)),
        ("resize", {"height": 30}, (80, 30)),
        ("resize", {}, (80, 60)),
        ("scale", {"factor": 0.26}, (20, 15)),
    ],
)
def test_predicted_sizes(name: str, given: dict[str, Any], expected: tuple[int, int]) -> None:
    assert output_size(name, arguments(name, **given), (80, 60)) == expected


@settings(max_examples=100, deadline=None)
@given(width=SIDES, height=SIDES, degrees=st.floats(-360, 360))
def test_a_turned_image_fits_into_its_predicted_frame(
    width: int, height: int, degrees: float
) -> None:
    turned = Image.new("L", (width, height)).rotate(degrees, expand=True)
    frame = working_size("rotate", {"degrees": degrees}, (width, height))
    assert all(side <= bound <= side + 3 for side, bound in zip(turned.size, frame, strict=True))


@pytest.mark.parametrize("template", ["mobile", "web"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"resize_src_to_match_template": False},
        {"resize_src_to_match_template": False, "crop_src_to_fit": True},
        {"resize_src_to_match_template": False, "max_image_size_pixels": 20_000},
    ],
)
@pytest.mark.parametrize("size", [(90, 60), (60, 90), (500, 400)])
def test_the_predicted_screenshot_comes_out(
    template: str, params: dict[str, JsonValue], size: tuple[int, int]
) -> None:
    name = "overlay_onto_screenshot"
    path = resolve_asset("template", template, None)
    boxes = json.loads(path.with_name("bboxes.json").read_bytes())
    with Image.open(path) as image:
        opened = arguments(name, **params, template_filepath=(image, boxes[path.name]))
    made = apply(Image.new("RGB", size), [Op(name, {"template_filepath": template, **params})]).size
    assert made == output_size(name, opened, size)


@pytest.mark.parametrize(
    ("scale_bg", "overlay_size"), [(False, 0.5), (True, 0.5), (True, 0.3), (True, 1.0)]
)
def test_the_predicted_background_comes_out(
    tmp_path: Path, scale_bg: bool, overlay_size: float
) -> None:
    name = "overlay_onto_background_image"
    Image.new("RGB", (50, 70)).save(tmp_path / "bg.png")
    params: dict[str, JsonValue] = {
        "background_image": "bg.png",
        "scale_bg": scale_bg,
        "overlay_size": overlay_size,
    }
    opened = arguments(name, **params) | {"background_image": Image.new("RGB", (50, 70))}
    assert apply(Image.new("RGB", (31, 23)), [Op(name, params)], tmp_path).size == output_size(
        name, opened, (31, 23)
    )


OF_AN_ASSET = {"overlay_onto_background_image", "overlay_onto_screenshot"}


@pytest.mark.parametrize(
    "name", sorted(CATALOGUE.keys() - PARAMS.keys() - OF_AN_ASSET - {"random_crop"})
)
def test_other_results_are_no_larger_than_the_image(name: str) -> None:
    assert output_size(name, arguments(name), (80, 60)) == (80, 60)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("resize", {"width": 300, "height": 2}, (300, 60)),
        ("resize", {"width": 20, "height": 200}, (20, 200)),
        ("change_aspect_ratio", {"ratio": 12.0}, (240, 60)),
        ("overlay_image", {"overlay": Image.new("L", (40, 10)), "overlay_size": 0.5}, (120, 30)),
        ("overlay_image", {"overlay": Image.new("L", (40, 100)), "overlay_size": 0.5}, (12, 100)),
        ("overlay_image", {"overlay": Image.new("L", (40, 10)), "overlay_size": 0.0}, (4, 10)),
        ("overlay_emoji", {"emoji_path": Image.new("L", (72, 72)), "emoji_size": 1.0}, (60, 72)),
        ("overlay_onto_background_image", {"background_image": Image.new("L", (90, 10))}, (90, 10)),
        (
            "overlay_onto_background_image",
            {"background_image": Image.new("L", (10, 600))},
            (800, 600),
        ),
        (
            "overlay_onto_background_image",
            {"background_image": Image.new("L", (9, 700)), "scale_bg": True, "overlay_size": 0.5},
            (160, 700),
        ),
        ("overlay_emoji", {"emoji_path": Image.new("L", (9, 9)), "emoji_size": 0.5}, (30, 30)),
        (
            "overlay_onto_background_image",
            {"background_image": Image.new("L", (10, 600)), "overlay_size": 0.5},
            (400, 300),
        ),
        ("overlay_onto_background_image", {"background_image": Image.new("L", (50, 10))}, (13, 60)),
        ("blur", {}, (80, 60)),
    ],
)
def test_the_largest_image_on_the_way_is_foreseen(
    name: str, given: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert working_size(name, arguments(name, **given), (80, 60)) == expected
