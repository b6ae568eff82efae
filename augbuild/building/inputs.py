"""What a recipe names on this machine: its source, opened, and its output folder."""

from __future__ import annotations

import os
from pathlib import Path

from augbuild.recipe.model import Recipe
from augbuild.sources.dataset import SourceDataset
from augbuild.sources.open import open_source


def open_source_of(
    recipe: Recipe, *, source: str | None = None, follow_links: bool = False
) -> SourceDataset:
    """Open the source that a recipe names, or `source` (relative to the working directory); raises SourceError."""
    spec, base = (recipe.source.path, recipe.base) if source is None else (source, Path.cwd())
    return open_source(
        spec, base, ignore_existing=recipe.split.ignore_existing, follow_links=follow_links
    )


def output_path(recipe: Recipe, out: str | Path | None) -> Path:
    """Give the output folder: `out`, or the recipe's own."""
    return (
        Path(out) if out is not None else Path(os.path.normpath(recipe.base / recipe.output.path))
    )
