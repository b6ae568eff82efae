"""The recipes that come with augbuild."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from augbuild.planning.sampling import draw_ops
from augbuild.recipe.load import load_recipe, shipped_recipes
from augbuild.recipe.steps import PickStep, TransformStep
from tests.conftest import REPOSITORY

NAMES = ["cats-dogs", "default", "digits", "lab", "strong"]


def test_these_are_shipped() -> None:
    assert list(shipped_recipes()) == NAMES
    assert {path.stem for path in (REPOSITORY / "recipes").iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_shipped_recipes_are_sound(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_path = load_recipe(REPOSITORY / "recipes" / f"{name}.toml")
    monkeypatch.chdir(tmp_path)
    by_name = load_recipe(name)
    assert by_name.warnings == ()
    assert by_name.name == name
    assert by_name.seed == 42
    assert by_name.sha256 == by_path.sha256
    assert os.path.normpath(by_name.base.absolute() / by_name.output.path) == str(
        tmp_path / "build" / name
    )
    assert any(draw_ops(by_name, "a/b.jpg", "a", variant) for variant in range(3))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_recipes_explain_themselves(name: str) -> None:
    lines = (REPOSITORY / "recipes" / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert sum("#" in line for line in lines) >= 5


def test_lab_is_the_protocol_of_the_lab() -> None:
    recipe = load_recipe("lab")
    (pick,) = recipe.transforms
    assert isinstance(pick, PickStep)
    assert (pick.count, pick.replace, recipe.augment.variants, recipe.split.test) == (
        3,
        False,
        3,
        0.2,
    )
    entries = {
        entry.op: entry.to_json() for entry in pick.entries if isinstance(entry, TransformStep)
    }
    names = "rotate hflip vflip blur color_jitter random_crop random_noise overlay_emoji"
    assert list(entries) == names.split()
    assert entries["rotate"]["degrees"] == {"uniform": [-30.0, 30.0]}
    assert entries["blur"]["radius"] == {"uniform": [1.0, 3.0]}
    assert (
        entries["random_crop"]["width"]
        == entries["random_crop"]["height"]
        == {"uniform": [0.7, 1.0]}
    )
    for name in ("brightness", "contrast", "saturation"):
        assert entries["color_jitter"][f"{name}_factor"] == {"uniform": [0.7, 1.3]}
    drawn = [op for number in range(50) for op in draw_ops(recipe, f"cats/{number}.jpg", "cats", 0)]
    seeds = [op.params["seed"] for op in drawn if op.name == "random_noise"]
    assert len(set(seeds)) == len(seeds) > 5
    assert len(drawn) == 150


def test_default_turns_mirrors_and_recolours() -> None:
    ops = {
        transform.op
        for transform in load_recipe("default").transforms
        if isinstance(transform, TransformStep)
    }
    assert ops == {"rotate", "hflip", "color_jitter"}


def test_digits_mirror_and_turn_by_quarters() -> None:
    recipe = load_recipe("digits")
    assert recipe.source.path == "sample:digits"
    (pick,) = recipe.transforms
    assert isinstance(pick, PickStep)
    names = [entry.op for entry in pick.entries if isinstance(entry, TransformStep)]
    assert names == ["rotate", "hflip", "vflip"]


def test_strong_keeps_a_validation_split() -> None:
    assert load_recipe("strong").split.validation > 0
