"""The catalogue against AugLy's own signatures, and what its parameters accept."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from augbuild.catalogue.transforms import CATALOGUE, Kind, Param
from augbuild.pixels.exact.reference import find_reference

# AugLy's parameters that no recipe can give: files, URLs, boxes and side effects.
NEVER_PASSED = {
    "image",
    "output_path",
    "metadata",
    "bboxes",
    "bbox_format",
    "template_bboxes_filepath",
}
# Ours, and not AugLy's: its seeds are constants, its text is indices, its assets are paths.
OTHER_DEFAULTS: dict[tuple[str, str], object] = {
    ("perspective_transform", "seed"): None,
    ("random_noise", "seed"): None,
    ("shuffle_pixels", "seed"): None,
    ("overlay_text", "text"): None,
    ("overlay_text", "font_file"): "OpenSans-Regular",
    ("meme_format", "font_file"): "Raleway-ExtraBold",
    ("overlay_emoji", "emoji_path"): "smileys/smiling_face_with_heart_eyes",
    ("overlay_onto_screenshot", "template_filepath"): "web",
}
NOT_FROM_A_RECIPE = {
    "apply_lambda",
    "apply_pil_filter",
    "masked_composite",
}  # they take code or objects
EVERY_PARAMETER = [
    (name, key) for name, info in CATALOGUE.items() for key in info.params if name != "random_crop"
]


@pytest.fixture(scope="module")
def augly() -> ModuleType:
    """AugLy's functions, imported by the one module that knows how."""
    find_reference("hflip")
    return sys.modules["augly.image.functional"]


def test_the_catalogue_has_all_of_auglys_transforms_that_a_recipe_can_express(
    augly: ModuleType,
) -> None:
    public = {
        name
        for name, value in vars(augly).items()
        if inspect.isfunction(value) and value.__module__ == augly.__name__
    }
    assert set(CATALOGUE) == (public - NOT_FROM_A_RECIPE) | {"random_crop"}
    assert len(CATALOGUE) == 33
    assert list(CATALOGUE) == sorted(CATALOGUE)


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - {"random_crop"}))
def test_names_and_defaults_of_parameters_are_auglys(augly: ModuleType, name: str) -> None:
    signature = inspect.signature(getattr(augly, name)).parameters
    assert list(CATALOGUE[name].params) == [key for key in signature if key not in NEVER_PASSED]
    for key, param in CATALOGUE[name].params.items():
        default = signature[key].default
        if (name, key) in OTHER_DEFAULTS:
            assert param.default == OTHER_DEFAULTS[name, key]
        elif default is inspect.Parameter.empty:
            assert param.required
        else:
            assert param.default == (list(default) if isinstance(default, tuple) else default)
            assert isinstance(param.default, bool) == isinstance(default, bool)


@pytest.mark.parametrize(("name", "key"), EVERY_PARAMETER)
def test_defaults_are_legal_but_for_what_has_to_be_given_or_drawn(name: str, key: str) -> None:
    param = CATALOGUE[name].params[key]
    assert param.accepts(param.default) == (not param.required and param.kind != "seed")
    assert param.required == (param.default is None and not param.optional and param.kind != "seed")


@pytest.mark.parametrize(("name", "key"), EVERY_PARAMETER)
@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 10**400, -(10**400), {}, [], object(), b"x", 1 + 0j]
)
def test_nothing_hostile_is_accepted(name: str, key: str, value: object) -> None:
    assert not CATALOGUE[name].params[key].accepts(value)


@pytest.mark.parametrize(("name", "key"), EVERY_PARAMETER)
def test_a_boolean_is_no_number_and_a_number_no_boolean(name: str, key: str) -> None:
    param = CATALOGUE[name].params[key]
    assert param.accepts(True) == param.accepts(False) == (param.kind == "boolean")
    if param.kind == "boolean":
        assert not param.accepts(1)


def number(**limits: Any) -> Param:
    return Param("number", 0.0, "a number", **limits)


def of_kind(kind: Kind, low: float = 0, high: float = 1, **more: Any) -> Param:
    return Param(kind, None, "a parameter", low, high, **more)


@pytest.mark.parametrize(
    ("param", "good", "bad"),
    [
        pytest.param(
            number(low=1, high=2), [1, 1.0, 1.5, 2], [0.999, 2.001, "1", None, [1]], id="number"
        ),
        pytest.param(number(open_low=True), [1e-9, 1], [0, 0.0, -1], id="open low end"),
        pytest.param(number(open_high=True), [0, 0.999], [1, 1.0], id="open high end"),
        pytest.param(of_kind("integer", 1, 5), [1, 5], [1.0, 0, 6, "1", None], id="integer"),
        pytest.param(of_kind("integer", 1, 5, optional=True), [None, 3], [0], id="optional"),
        pytest.param(of_kind("seed", 0, 9), [0, 9], [-1, 10, None, 1.0], id="seed"),
        pytest.param(
            of_kind("choice", choices=("a", 1)),
            ["a", 1],
            ["b", 1.0, True, ["a"], None],
            id="choice",
        ),
        pytest.param(
            of_kind("colour", 0, 255),
            [[0, 0, 255], (1, 2, 3)],
            [[0, 0], [0, 0, 256], [0, 0, 1.0], "red", 3, None],
            id="colour",
        ),
        pytest.param(
            of_kind("matrix", -9, 9),
            [[0.5] * 4, [1] * 12],
            [[1.0] * 5, [math.nan] * 4, [10] * 4, ["1"] * 4],
            id="matrix",
        ),
        pytest.param(of_kind("text", 1, 3), ["a", "abc"], ["", "abcd", 1, None], id="text"),
        pytest.param(of_kind("image"), ["a.png"], [1, None], id="image"),
    ],
)
def test_parameters_accept_what_they_should(
    param: Param, good: list[object], bad: list[object]
) -> None:
    assert [value for value in good if not param.accepts(value)] == []
    assert [value for value in bad if param.accepts(value)] == []


@pytest.mark.parametrize(
    ("name", "params", "pair"),
    [
        ("crop", {"x1": 0.1, "y1": 0.1, "x2": 0.9, "y2": 0.9}, None),
        ("crop", {"x1": 0.5, "y1": 0.1, "x2": 0.5, "y2": 0.9}, ("x1", "x2")),
        ("crop", {"x1": 0.1, "y1": 0.9, "x2": 0.5, "y2": 0.1}, ("y1", "y2")),
        ("clip_image_size", {"min_resolution": 9, "max_resolution": 9}, None),
        ("clip_image_size", {"min_resolution": 9, "max_resolution": None}, None),
        (
            "clip_image_size",
            {"min_resolution": 9, "max_resolution": 8},
            ("min_resolution", "max_resolution"),
        ),
        ("blur", {"radius": 1.0}, None),
    ],
)
def test_parameters_out_of_order_are_found(
    name: str, params: dict[str, object], pair: tuple[str, str] | None
) -> None:
    assert CATALOGUE[name].out_of_order(params) == pair


def test_identities_and_orders_name_real_parameters_and_legal_values() -> None:
    for info in CATALOGUE.values():
        for identity in info.identities:
            assert identity
            for key, value in identity.items():
                assert info.params[key].accepts(value)
        assert {key for pair in info.ascending for key in pair} <= set(info.params)


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CATALOGUE["blur"] = CATALOGUE["crop"]  # type: ignore[index]  # that is the point
    with pytest.raises(TypeError):
        CATALOGUE["blur"].params["radius"] = number()  # type: ignore[index]  # as above
    with pytest.raises(AttributeError):
        CATALOGUE["blur"].doc = "x"  # type: ignore[misc]  # as above


def test_every_transform_and_parameter_is_explained_on_one_line() -> None:
    for info in CATALOGUE.values():
        assert info.doc.endswith(".")
        for line in (info.doc, info.caution, *(param.doc for param in info.params.values())):
            assert line is None or (0 < len(line) < 110 and "\n" not in line)


def test_what_moves_pixels_is_geometric() -> None:
    names = """
        change_aspect_ratio clip_image_size crop hflip meme_format overlay_onto_background_image
        overlay_onto_screenshot pad pad_square perspective_transform random_crop resize rotate
        scale skew vflip
    """
    assert {name for name, info in CATALOGUE.items() if info.geometric} == set(names.split())


def test_the_catalogue_is_light() -> None:
    heavy = "{'PIL', 'numpy', 'augly'} & sys.modules.keys()"
    code = f"import sys, augbuild.catalogue.help; print({heavy})"
    root = Path(__file__).parents[3]
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "set()\n"
