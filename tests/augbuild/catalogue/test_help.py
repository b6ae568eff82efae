"""What `augbuild ops` prints: every transform in one line, and one in full."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augbuild.catalogue.help import describe_transform, list_transforms
from augbuild.catalogue.transforms import CATALOGUE
from augbuild.errors import RecipeError
from augbuild.recipe.load import parse_recipe
from tests.augbuild.recipe.fixtures import HEAD


def test_every_transform_has_a_line() -> None:
    *lines, blank, hint = list_transforms().split("\n")
    assert [line.split()[0] for line in lines] == list(CATALOGUE)
    assert len({line.index(CATALOGUE[line.split()[0]].doc) for line in lines}) == 1
    assert (blank, hint) == ("", "`augbuild ops NAME` explains one.")


def test_one_in_full() -> None:
    assert describe_transform("blur").split("\n") == [
        "blur: Blur with a Gaussian.",
        "",
        "  radius                  standard deviation of the Gaussian, in pixels; "
        "number 0 to 1000 (0 excluded), default 2.0",
        "",
        "Beware: the radius is in pixels: what softens a large photo wipes out a thumbnail.",
        "",
        "[[transforms]]",
        'op = "blur"',
        "radius = { uniform = [1, 3] }",
    ]
    assert describe_transform("hflip").split("\n") == [
        "hflip: Mirror left and right.",
        "",
        "Beware: changes what text and digits mean.",
        "",
        "[[transforms]]",
        'op = "hflip"',
    ]
    assert "Beware" not in describe_transform("rotate")


@pytest.mark.parametrize(
    ("name", "key", "tail"),
    [
        ("crop", "x1", "number 0 to 1 (1 excluded), default 0.25"),
        ("encoding_quality", "quality", "integer 0 to 100, default 50"),
        ("random_noise", "seed", "integer 0 to 4294967295, drawn"),
        ("resize", "width", "integer 1 to 20000, default: none"),
        ("overlay_text", "text", "text, required"),
        ("grayscale", "mode", '"luminosity" | "average", default "luminosity"'),
        ("overlay_onto_screenshot", "crop_src_to_fit", "true | false, default false"),
        ("pad", "color", "[red, green, blue], default [0, 0, 0]"),
        ("convert_color", "matrix", "matrix, default: none"),
        ("overlay_image", "overlay", "image, required"),
    ],
)
def test_ranges_and_defaults(name: str, key: str, tail: str) -> None:
    (line,) = [
        line for line in describe_transform(name).split("\n") if line.startswith(f"  {key} ")
    ]
    doc = CATALOGUE[name].params[key].doc
    assert line == f"  {key:<24}{doc}; {tail}"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("opacity", ["level = { uniform = [0.5, 1] }"]),  # the default is an end of the range
        ("rotate", ["degrees = { uniform = [7.5, 22.5] }"]),
        ("skew", ["skew_factor = { uniform = [0.25, 0.75] }"]),
        ("resize", []),  # nothing has to be given
        ("encoding_quality", ["quality = 50"]),
        ("overlay_image", ['overlay = "overlays/logo.png"']),
    ],
)
def test_an_example_shows_what_there_is_to_draw(name: str, lines: list[str]) -> None:
    text = describe_transform(name)
    shown = text.split("[[transforms]]\n")[1].split("\n")[1:]
    assert shown[: len(lines)] == lines
    assert bool(shown) == bool(lines)


@pytest.mark.parametrize("name", [name for name in CATALOGUE if "image" not in name])
def test_examples_are_legal(name: str) -> None:
    example = describe_transform(name).split("\n\n")[-1]
    recipe = parse_recipe(f"{HEAD}{example}", Path(), "x.toml")
    assert recipe.transforms[0].key == f"{name}#0"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("rotat", 'did you mean "rotate"?'),
        ("zzz", "`augbuild ops` lists them"),
        ("\x1b[0m", "`augbuild ops` lists them"),
    ],
)
def test_an_unknown_transform(name: str, hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        describe_transform(name)
    assert str(caught.value) == f"unknown transform {json.dumps(name)}; {hint}"
