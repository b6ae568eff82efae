"""What `augbuild ops` prints: every transform in one line, and one in full."""

from __future__ import annotations

import json

import pytest

from augbuild.catalogue.examples import EXAMPLES
from augbuild.catalogue.help import describe_transform, list_transforms
from augbuild.catalogue.transforms import CATALOGUE
from augbuild.errors import RecipeError


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
        "radius = { uniform = [0.5, 2] }",
    ]
    assert describe_transform("hflip").split("\n") == [
        "hflip: Mirror left and right.",
        "",
        "Beware: changes what text and digits mean.",
        "",
        "[[transforms]]",
        'op = "hflip"',
        "p = 0.5",
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


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_example_ends_the_text(name: str) -> None:
    example = describe_transform(name).split("\n\n")[-1].split("\n")
    values = [f"{key} = {value}" for key, value in EXAMPLES[name].items()]
    assert example == ["[[transforms]]", f'op = "{name}"', *values]


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
