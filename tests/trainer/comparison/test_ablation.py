"""The arms of an ablation: the whole recipe, and the recipe without each transform."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from augbuild.errors import UsageError
from augbuild.recipe.load import load_recipe
from augbuild.recipe.model import Recipe
from tests.conftest import write_recipe
from tests.trainer.comparison.small import RECIPE, fit_config, measured
from tests.trainer.fixtures import dataset
from trainer.comparison.ablation import ablations, make_ablation
from trainer.comparison.design import make_design


def read_ops(build: Path) -> dict[tuple[str, int], list[dict[str, object]]]:
    """Read the ops of each variant of a build."""
    ops = {}
    for line in (build / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["origin"] == "augmented":
            ops[row["source"], row["variant"]] = row["ops"]
    return ops


def test_one_transform_is_left_out_and_the_draws_of_the_others_stay(tmp_path: Path) -> None:
    dataset(tmp_path / "photos", train=4)
    recipe = write_recipe(tmp_path, RECIPE)
    one = make_design(fit_config(recipe), arms="augmented", seeds=2, budget="steps:8", ablate=True)
    planned = make_ablation(one, recipe, tmp_path / "out")
    assert [arm.name for arm in planned.arms] == ["whole", "without-rotate", "without-hflip"]
    assert {arm.train_on for arm in planned.arms} == {"augmented"}
    assert planned.contrasts == (("whole", "without-rotate"), ("whole", "without-hflip"))
    builds = tmp_path / "out" / "builds"
    whole = read_ops(builds / "whole")
    for arm, gone in (("without-rotate", "rotate"), ("without-hflip", "hflip")):
        expected = {}
        for key, ops in whole.items():
            expected[key] = [op for op in ops if op["op"] != gone]
        assert read_ops(builds / arm) == expected
    result = measured(planned, tmp_path / "out")
    assert [contrast.adjusted_p is not None for contrast in result.contrasts] == [True, True]


def test_images_may_come_from_elsewhere(tmp_path: Path) -> None:
    dataset(tmp_path / "elsewhere", train=2, test=1)
    recipe = write_recipe(tmp_path, RECIPE)
    one = make_design(fit_config(recipe), budget="steps:2", ablate=True)
    source = str(tmp_path / "elsewhere")
    planned = make_ablation(one, recipe, tmp_path / "out", source=source)
    assert len(read_ops(tmp_path / "out" / "builds" / "whole")) == 2 * 2 * 2
    assert len(planned.arms) == 3


def names(recipe: Recipe) -> list[str]:
    """List the names of a recipe's ablations."""
    return [name for name, _ in ablations(recipe)]


def test_nested_picks_are_left_out_one_by_one() -> None:
    named = dict(ablations(load_recipe("lab")))
    assert len(named) == 9
    assert named["whole"] == load_recipe("lab")
    (pick,) = named["without-blur"].transforms
    (whole,) = load_recipe("lab").transforms
    assert len(pick.entries) == len(whole.entries) - 1 == 7  # type: ignore[union-attr]  # a pick


def test_a_transform_that_is_there_twice_is_left_out_twice(tmp_path: Path) -> None:
    twice = RECIPE + '[[transforms]]\nop = "rotate"\ndegrees = 3\n'
    recipe = load_recipe(write_recipe(tmp_path, twice))
    assert names(recipe) == ["whole", "without-rotate", "without-hflip", "without-rotate-2"]


def test_fewer_than_two_transforms_cannot_be_told_apart() -> None:
    lab, default = load_recipe("lab"), load_recipe("default")
    with pytest.raises(UsageError, match="has 1 transforms; leaving one out takes two"):
        names(replace(lab, transforms=default.transforms[:1]))
