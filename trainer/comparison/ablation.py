"""The arms of an ablation: the whole recipe, and the recipe without each of its transforms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from augbuild.dataset.layout import MANIFEST_NAME
from augbuild.errors import UsageError
from augbuild.recipe.load import load_recipe
from augbuild.recipe.model import Recipe
from augbuild.recipe.steps import TransformStep, remove_step, walk_steps
from trainer.comparison.design import Arm, Design

BUILDS = "builds"
"""The folder of an ablation's builds, which are there before anything else of the comparison."""

_WHOLE = "whole"


def make_ablation(
    design: Design, recipe: str | Path, out: Path, *, source: str | None = None, quiet: bool = True
) -> Design:
    """Build a recipe whole, and without each of its transforms in turn, and compare those builds.

    They lie below `out`. Each contrast is the whole recipe against the one without a transform:
    what the transform adds. All else is as in `design`, whose one arm says what to train on.
    Raises UsageError and AugbuildError.
    """
    # The builder: a comparison of manifests that are there starts without it.
    from augbuild.building.build import build

    train_on = design.arms[0].train_on
    arms = []
    for name, ablated in ablations(load_recipe(recipe)):
        target = out / BUILDS / name
        build(ablated, source=source, out=target, quiet=quiet)
        arms.append(Arm(name, str(target / MANIFEST_NAME), train_on))
    contrasts = tuple((_WHOLE, arm.name) for arm in arms[1:])
    return replace(design, arms=tuple(arms), contrasts=contrasts)


def ablations(recipe: Recipe) -> Iterator[tuple[str, Recipe]]:
    """Yield the whole recipe, and then one without each transform.

    The draws of the other transforms stay as they were. Raises UsageError for fewer than two.
    """
    yield _WHOLE, recipe
    keys = [step.key for step in walk_steps(recipe.transforms) if isinstance(step, TransformStep)]
    if len(keys) < 2:
        raise UsageError(
            f"the recipe {recipe.name!r} has {len(keys)} transforms; leaving one out takes two"
        )
    for key in keys:
        op, _, occurrence = key.partition("#")
        name = f"without-{op}"
        if occurrence != "0":
            name += f"-{int(occurrence) + 1}"
        yield name, replace(recipe, transforms=remove_step(recipe.transforms, key))
