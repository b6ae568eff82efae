"""Reading parameters: plain values and draws of every kind, within their ranges."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from augbuild.catalogue.transforms import CATALOGUE, Kind, Param
from augbuild.errors import RecipeError
from augbuild.recipe.problems import Place, Problems
from augbuild.recipe.read_values import read_params, read_value
from augbuild.recipe.values import Distribution, Value
from tests.augbuild.recipe.fixtures import ONE, parse, problems

OPEN = Param("number", 1.0, "a number", 0.0, 8.0, open_low=True, open_high=True)
NUMBER = Param("number", 1.0, "a number", -8.0, 8.0)
INTEGER = Param("integer", 1, "an integer", -8, 8)
SEED = Param("seed", None, "a seed", 0, 8)
WORD = Param("choice", "a", "a word", choices=("a", "b"))


def read(param: Param, value: object) -> tuple[Value, list[str]]:
    """Read a value; return it and what is wrong with it."""
    found = Problems("x")
    result = read_value(param, value, Place("v", found), None)
    try:
        found.raise_if_any()
    except RecipeError as error:
        return result, [line.removeprefix("x: ") for line in str(error).split("\n")]
    return result, []


@pytest.mark.parametrize(
    ("param", "written", "value"),
    [
        (NUMBER, 3, 3.0),
        (INTEGER, 3, 3),
        (WORD, "b", "b"),
        (Param("boolean", True, "a switch"), False, False),
        (Param("colour", [0, 0, 0], "a colour", 0, 255), [0, 2, 255], [0, 2, 255]),
        (Param("matrix", None, "a matrix", -9, 9), [1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0]),
        (Param("matrix", None, "a matrix", -9, 9), [1] * 12, [1.0] * 12),
        (Param("text", "", "a text", 1, 4096), "hello", "hello"),
        (Param("template", "web", "a template"), "web", "web"),
        (NUMBER, {"uniform": [-8, 8]}, Distribution("uniform", (-8.0, 8.0))),
        (NUMBER, {"uniform": [3, 3]}, Distribution("uniform", (3.0, 3.0))),
        (NUMBER, {"uniform": [-0.0, 0.0]}, Distribution("uniform", (0.0, 0.0))),
        (NUMBER, {"log_uniform": [1, 8]}, Distribution("log_uniform", (1.0, 8.0))),
        (NUMBER, {"integers": [1, 8]}, Distribution("integers", (1, 8))),
        (INTEGER, {"integers": [-8, 8]}, Distribution("integers", (-8, 8))),
        (SEED, {"integers": [0, 8]}, Distribution("integers", (0, 8))),
        (INTEGER, {"choice": [1, 8, 1]}, Distribution("choice", (1, 8, 1))),
        (NUMBER, {"choice": [1]}, Distribution("choice", (1.0,))),
        (WORD, {"choice": ["b", "a"]}, Distribution("choice", ("b", "a"))),
        (NUMBER, {"normal": [8, 2]}, Distribution("normal", (8.0, 2.0), (-8.0, 8.0))),
        (
            NUMBER,
            {"normal": [2, 0], "clip": [2, 4]},
            Distribution("normal", (2.0, 0.0), (2.0, 4.0)),
        ),
        (
            OPEN,
            {"normal": [1, 1]},
            Distribution(
                "normal", (1.0, 1.0), (math.nextafter(0.0, 1.0), math.nextafter(8.0, 0.0))
            ),
        ),
    ],
)
def test_good_values(param: Param, written: object, value: Value) -> None:
    result, wrong = read(param, written)
    assert wrong == []
    assert result == value
    assert repr(result) == repr(value)  # 3 == 3.0, and -0.0 == 0.0


@pytest.mark.parametrize(
    ("param", "written", "wrong"),
    [
        (NUMBER, 9, ["v must be from -8 to 8 (got 9)"]),
        (NUMBER, {}, ["v must have exactly one of uniform, log_uniform, normal, integers, choice"]),
        (NUMBER, {"uniform": [-9, 9]}, ["v.uniform[0] must be", "v.uniform[1] must be"]),
        (NUMBER, {"uniform": [1]}, ["v.uniform must be two numbers (got [1])"]),
        (NUMBER, {"uniform": [1, 2, 3]}, ["v.uniform must be two numbers (got [1, 2, 3])"]),
        (NUMBER, {"uniform": [1, True]}, ["v.uniform must be two numbers (got [1, true])"]),
        (NUMBER, {"uniform": [1, 1e300]}, ["v.uniform must be two numbers"]),
        (NUMBER, {"uniform": [-1e300, 1]}, ["v.uniform must be two numbers"]),
        (NUMBER, {"uniform": [2, 1]}, ["v.uniform must have the smaller end first (got [2, 1])"]),
        (NUMBER, {"uniform": [1, 2], "clip": [1, 2]}, ["v.clip is an unknown key"]),
        (NUMBER, {"log_uniform": [0, 1]}, ["v.log_uniform must have ends above 0 (got [0, 1])"]),
        (NUMBER, {"integers": [1, 2.0]}, ["v.integers must be two integers (got [1, 2.0])"]),
        (NUMBER, {"integers": [2, 1]}, ["v.integers must have the smaller end first"]),
        (NUMBER, {"normal": [9, 1]}, ["v.normal must have its mean within [-8.0, 8.0]"]),
        (NUMBER, {"normal": [0, -1]}, ["v.normal must have a standard deviation of at least 0"]),
        (NUMBER, {"normal": [0]}, ["v.normal must be two numbers (got [0])"]),
        (NUMBER, {"normal": [0, 1], "clip": 3}, ["v.clip must be two numbers (got 3)"]),
        (NUMBER, {"normal": [0, 1], "clip": [3, 1]}, ["v.clip must have the smaller end first"]),
        (NUMBER, {"normal": [0, 1], "clip": [1, 9]}, ["v.clip[1] must be from -8 to 8 (got 9)"]),
        (NUMBER, {"normal": [0, 1], "clip": [1, 3]}, ["v.normal must have its mean within [1, 3]"]),
        (NUMBER, {"normal": [3, 1], "clip": [0, 2]}, ["v.normal must have its mean within [0, 2]"]),
        (OPEN, {"uniform": [0, 8]}, ["v.uniform[0] must be from 0", "v.uniform[1] must be from 0"]),
        (OPEN, {"normal": [0, 1]}, ["v.normal must have its mean within [5e-324, "]),
        (INTEGER, {"uniform": [1, 2]}, ["v cannot be drawn as uniform; use integers or choice"]),
        (SEED, {"normal": [1, 2]}, ["v cannot be drawn as normal; use integers or choice"]),
        (WORD, {"integers": [1, 2]}, ["v cannot be drawn as integers; use choice"]),
        (
            Param("colour", None, "a colour"),
            [0, 0, 256],
            ["v must be three integers from 0 to 255"],
        ),
        (Param("colour", None, "a colour"), [0, -1, 0], ["v must be three integers from 0 to 255"]),
        (WORD, {"choice": "a"}, ['v.choice must be a list of 1 to 10,000 values (got "a")']),
        (WORD, {"choice": []}, ["v.choice must be a list of 1 to 10,000 values (got [])"]),
        (WORD, {"choice": ["a"] * 10_001}, ["v.choice must be a list of 1 to 10,000 values"]),
        (WORD, {"choice": ["a", "c"]}, ['v.choice[1] must be "a" or "b" (got "c")']),
    ],
)
def test_wrong_values(param: Param, written: object, wrong: list[str]) -> None:
    result, lines = read(param, written)
    assert len(lines) == len(wrong)
    assert result is None or "unknown key" in lines[0]
    for line, begin in zip(lines, wrong, strict=True):
        assert line.startswith(begin)


def test_as_many_choices_as_allowed() -> None:
    assert read(WORD, {"choice": ["a"] * 10_000})[1] == []


@pytest.mark.parametrize("kind", ["emoji", "font", "template", "image"])
@pytest.mark.parametrize("name", [3, "", "a\0", "x" * 5000])
def test_an_assets_name_is_checked_before_it_is_looked_for(kind: Kind, name: object) -> None:
    result, lines = read(Param(kind, None, "an asset"), name)
    assert result is None
    assert len(lines) == 1
    assert lines[0].startswith(("v must be a string or a draw", "v must be 1 to 4,096 characters"))


def test_parameters_are_read_in_the_catalogues_order_with_defaults() -> None:
    found = Problems("x")
    table = {"y2": 1, "x1": 0, "op": "crop"}
    params = read_params(CATALOGUE["crop"].params, table, Place("t", found), None)
    assert list(params.items()) == [("x1", 0.0), ("y1", 0.25), ("x2", 0.75), ("y2", 1.0)]
    assert found.count == 0


def test_what_is_required_must_be_given() -> None:
    (line,) = problems(f'{ONE}op = "overlay_text"')
    assert line.startswith("transforms[0] needs text: what to write ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("https", "https://example.org/x.png"),
        ("absolute", "/etc/passwd"),
        ("above", "../x.png"),
        ("missing", "x.png"),
    ],
)
@pytest.mark.parametrize("op", ["overlay_image", "overlay_onto_background_image"])
def test_images_are_only_found_below_the_recipe(
    tmp_path: Path, op: str, name: str, text: str
) -> None:
    key = {"overlay_image": "overlay", "overlay_onto_background_image": "background_image"}[op]
    (tmp_path / "in").mkdir()
    (tmp_path / "x.png").write_bytes(b"outside")
    (line,) = problems(f'{ONE}op = "{op}"\n{key} = "{text}"', tmp_path / "in")
    assert line.startswith(f"transforms[0].{key} "), name
    assert line.endswith(f'(got "{text}")')


def test_an_image_below_the_recipe_is_an_asset(tmp_path: Path) -> None:
    (tmp_path / "logos").mkdir()
    (tmp_path / "logos" / "a.png").write_bytes(b"opened later")
    recipe = parse(f'{ONE}op = "overlay_image"\noverlay = "logos/a.png"', tmp_path)
    (written,) = recipe.resolved().transforms
    assert written["overlay"] == "logos/a.png"
