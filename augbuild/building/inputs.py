"""What a recipe names on this machine: its source, opened and planned, and its output folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from augbuild.core.pool import available_cpus
from augbuild.planning.plan import BuildPlan, make_plan
from augbuild.recipe.load import load_recipe
from augbuild.recipe.model import Recipe, SourceSpec
from augbuild.sources.dataset import SourceDataset, SourceOptions
from augbuild.sources.exclusions import leave_out
from augbuild.sources.open import open_source


def open_source_of(
    recipe: Recipe, *, source: str | None = None, follow_links: bool = True
) -> SourceDataset:
    """Open the source that a recipe names, or `source`; raises SourceError.

    The recipe's own is relative to the recipe, `source` to the working directory.
    """
    spec = source
    base = Path.cwd()
    if spec is None:
        spec = recipe.source.path
        base = recipe.base
    options: SourceOptions = recipe.source
    if not follow_links:
        options = msgspec.structs.replace(options, follow_links=False)
    dataset = open_source(spec, base, options, ignore_existing=recipe.split.ignore_existing)
    if recipe.source.exclude_file is None:
        return dataset
    return leave_out(dataset, recipe.base / recipe.source.exclude_file)


def plan_recipe(
    recipe: Recipe | str | Path,
    *,
    source: str | None,
    follow_links: bool,
    n_jobs: int | None,
    quiet: bool = True,
) -> BuildPlan:
    """Load a recipe, open its source and plan what to make; raises RecipeError or SourceError.

    `recipe` is a file or the name of a shipped recipe; `source` overrides its own.
    """
    loaded = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    return make_plan(
        loaded,
        # Not kept in a variable: the plan has its own sources, and there may be millions of them.
        open_source_of(loaded, source=source, follow_links=follow_links),
        n_jobs or available_cpus(),
        quiet=quiet,
    )


def read_source_by(
    recipe: Recipe | str | Path, change: Callable[[SourceOptions], SourceOptions]
) -> Recipe:
    """Load a recipe and change how its source is read; raises RecipeError."""
    loaded = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    changed = msgspec.structs.asdict(change(loaded.source))
    return replace(loaded, source=SourceSpec(**changed))


def output_path(recipe: Recipe, out: str | Path | None) -> Path:
    """Return the output folder: `out`, or the recipe's own."""
    if out is not None:
        return Path(out)
    return Path(os.path.normpath(recipe.base / recipe.output.path))
