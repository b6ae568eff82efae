"""What a build would do, without doing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from augbuild.building.changes import Cause, ChangeDetector, find_changes
from augbuild.building.inputs import open_source_of, output_path
from augbuild.core.pool import available_cpus
from augbuild.dataset.layout import AUGMENTED_FOLDER, OutputFolder
from augbuild.dataset.state import State
from augbuild.planning.plan import BuildPlan, make_plan
from augbuild.recipe.load import load_recipe
from augbuild.recipe.model import Recipe


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a build would hold (`counts`) and what of it is still to do; `pending` pairs sources with why."""

    out: Path
    counts: dict[str, dict[str, int]]
    images: int
    pending: tuple[tuple[str, Cause], ...]
    stale: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Give the outlook as JSON would hold it."""
        return {**asdict(self), "out": str(self.out)}


def plan_build(
    recipe: Recipe | str | Path,
    *,
    source: str | None = None,
    out: str | Path | None = None,
    rehash: bool = False,
    follow_links: bool = False,
) -> Outlook:
    """Hold the plan of a recipe against its output folder, writing nothing; raises RecipeError or SourceError."""
    loaded = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    plan = make_plan(
        loaded, open_source_of(loaded, source=source, follow_links=follow_links), available_cpus()
    )
    folder = OutputFolder(output_path(loaded, out))
    with State(folder.state if folder.state.is_file() else None, read_only=True) as state:
        changes = find_changes(
            ChangeDetector(plan, state, folder, rehash, interrupted_run=state.fact("running")),
            prune=True,
        )
    pending = ((each.path, changes.why(index)) for index, each in enumerate(plan.sources))
    return Outlook(
        out=folder.root,
        counts=_counts(plan),
        images=changes.images,
        pending=tuple((path, why) for path, why in pending if why),
        stale=tuple(changes.stale),
        warnings=plan.warnings,
    )


def _counts(plan: BuildPlan) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for source in plan.sources:
        counts.setdefault(source.split or "train", Counter())[source.label] += 1
        if variants := plan.variants(source):
            counts.setdefault(AUGMENTED_FOLDER, Counter())[source.label] += variants
    return {folder: dict(classes) for folder, classes in counts.items()}
