"""Build a dataset: plan, do what is not done yet, and describe the tree, the manifest last."""

from __future__ import annotations

import filecmp
import json
import os
import platform
import shlex
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from augbuild.building.changes import ChangeDetector, Changes, find_changes
from augbuild.building.claim import claim
from augbuild.building.execute import execute_changes
from augbuild.building.finish import dataset_info, stage_manifest, write_descriptions
from augbuild.building.inputs import open_source_of, output_path
from augbuild.core.pool import Backend, available_cpus
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.state import State
from augbuild.dataset.versions import versions
from augbuild.errors import OutputError
from augbuild.planning.plan import BuildPlan, make_plan, spread
from augbuild.recipe.load import load_recipe
from augbuild.recipe.model import Recipe
from augbuild.sources.dataset import Rejected

_PRUNE_FREELY = 0.2  # of the sources; more than that needs to be asked for


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did and what the tree now holds; `reasons` counts the sources worked on by why."""

    out: Path
    made: int
    kept: int
    pruned: int
    counts: dict[str, dict[str, int]]
    rejected: tuple[Rejected, ...]
    warnings: tuple[str, ...]
    seconds: float
    reasons: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give the report as JSON would hold it."""
        return {
            **asdict(self),
            "out": str(self.out),
            "rejected": [asdict(each) for each in self.rejected],
        }


def build(
    recipe: Recipe | str | Path,
    *,
    source: str | None = None,
    out: str | Path | None = None,
    n_jobs: int | None = None,
    backend: Backend = "loky",
    limit: int | None = None,
    prune: bool = False,
    rebuild: bool = False,
    rehash: bool = False,
    follow_links: bool = False,
    quiet: bool = True,
) -> BuildReport:
    """Build what a recipe says, doing again only what changed; raises AugbuildError.

    `recipe` is a file or the name of a shipped recipe; `source` and `out` override its own. The tree's bytes depend on
    neither `n_jobs` nor `backend`.
    """
    start = time.time()
    loaded = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    plan = make_plan(
        loaded,
        open_source_of(loaded, source=source, follow_links=follow_links),
        n_jobs or available_cpus(),
    )
    with claim(output_path(loaded, out), plan.dataset.root) as folder, State(folder.state) as state:
        _refuse_surprises(plan, state, prune=prune, rebuild=rebuild)
        plan = plan if limit is None else _limited(plan, state, limit)
        inspector = ChangeDetector(plan, state, folder, rehash, rebuild, state.fact("running"))
        changes = find_changes(inspector, prune=limit is None)
        _refuse_mass_pruning(folder, state, changes, prune=prune)
        made = 0
        if changes.pending or changes.stale:
            made = execute_changes(inspector, changes, n_jobs=n_jobs, backend=backend, quiet=quiet)
        facts, rejected = _finish(inspector, changes)
        _write_last_run(folder, start)
    return _report(folder, plan, changes, facts, rejected, made, time.time() - start)


def _report(
    folder: OutputFolder,
    plan: BuildPlan,
    changes: Changes,
    facts: dict[str, Any],
    rejected: tuple[Rejected, ...],
    made: int,
    seconds: float,
) -> BuildReport:
    return BuildReport(
        out=folder.root,
        made=made,
        kept=facts["rows"] - made,
        pruned=len(changes.stale),
        counts=facts["counts"],
        rejected=rejected,
        warnings=(*plan.warnings, *_findings(facts)),
        seconds=seconds,
        reasons={str(why): count for why, count in changes.reasons().items()},
    )


def _findings(facts: dict[str, Any]) -> list[str]:
    """Say what was done to images that their owner may not expect."""
    found = []
    if count := facts["more_frames"]:
        found.append(f"{count:,} sources have more than one frame or page; the first was used")
    if count := facts["flat"]:
        found.append(
            f"{count:,} variants came out all one colour; the recipe may be too strong for them"
        )
    trained = facts["counts"].get("train", {})
    empty = [label for label in facts["classes"] if not trained.get(label)]
    if empty:
        found.append(f"no train image was left in {', '.join(map(repr, empty))}: all were rejected")
    return found


def _refuse_surprises(plan: BuildPlan, state: State, *, prune: bool, rebuild: bool) -> None:
    """Stop before a build that would replace another one, or make half a tree with other libraries."""
    for what, value in {"recipe": plan.recipe.name, "source": plan.dataset.identity}.items():
        before = state.fact(what, value)
        if before != value and not prune:
            raise OutputError(
                f"this folder was built from the {what} {before!r}, not {value!r}; choose another folder with --out, "
                "or --prune to replace what it holds"
            )
        state.set_fact(what, value)
    now = versions()
    then = state.fact("versions", now)
    if then != now and len(state) and not rebuild:
        other = ", ".join(
            f"{name} {then.get(name)} (now {now[name]})"
            for name in now
            if then.get(name) != now[name]
        )
        raise OutputError(
            f"this folder was built with {other}; --rebuild makes all its images again"
        )
    state.set_fact("versions", now)


def _limited(plan: BuildPlan, state: State, limit: int) -> BuildPlan:
    """Keep `limit` sources of a plan, and those that are in the tree already."""
    chosen = {source.path for source in spread(plan.sources, limit)}
    kept = tuple(
        source
        for source in plan.sources
        if source.path in chosen or state.get(source.path) is not None
    )
    return replace(plan, sources=kept)


def _refuse_mass_pruning(
    folder: OutputFolder, state: State, changes: Changes, *, prune: bool
) -> None:
    if len(changes.stale) > _PRUNE_FREELY * len(state) and not prune:
        raise OutputError(
            f"{len(changes.stale):,} of the {len(state):,} sources that {folder.root} was built from are gone; "
            "if that is meant, --prune removes their images"
        )


def _finish(
    inspector: ChangeDetector, changes: Changes
) -> tuple[dict[str, Any], tuple[Rejected, ...]]:
    """Describe the tree; the manifest is moved into place last, when all that it names is on the disk."""
    plan, state, folder = inspector.plan, inspector.state, inspector.folder
    staged, tally = stage_manifest(plan, state, folder)
    facts = dataset_info(plan, tally)
    write_descriptions(folder, facts, tally.rejected)
    if changes.pending or inspector.interrupted_run is not None:
        os.sync()
    state.set_fact("running", None)
    state.sync()
    if not folder.manifest.exists() or not filecmp.cmp(folder.manifest, staged, shallow=False):
        staged.replace(folder.manifest)
    folder.set_aside.unlink(missing_ok=True)
    return facts, tuple(tally.rejected)


def _write_last_run(folder: OutputFolder, start: float) -> None:
    run = {
        "command": shlex.join(sys.argv),
        "host": platform.node(),
        "started": datetime.fromtimestamp(start, UTC).isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    (folder.private / "last-run.json").write_text(
        json.dumps(run, indent=2) + "\n", encoding="utf-8"
    )
