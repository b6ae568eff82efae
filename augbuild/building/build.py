"""Build a dataset: plan, do what is not done yet, and describe the tree, the manifest last."""

from __future__ import annotations

import filecmp
import itertools
import os
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from augbuild.building.changes import ChangeDetector, Changes, find_changes
from augbuild.building.descriptions import (
    dataset_info,
    stage_manifest,
    write_descriptions,
)
from augbuild.building.guards.claim import claim
from augbuild.building.guards.refusals import (
    refuse_another_build,
    refuse_mass_pruning,
    refuse_other_versions,
)
from augbuild.building.inputs import output_path, plan_recipe
from augbuild.core.documents import encode
from augbuild.core.pool import Backend, available_cpus
from augbuild.core.processes.aside import Aside
from augbuild.dataset.info import DatasetInfo
from augbuild.dataset.private import write_last_run
from augbuild.dataset.state import State
from augbuild.planning.plan import BuildPlan, spread
from augbuild.recipe.model import Recipe
from augbuild.sources.dataset import Rejected
from augbuild.sources.findings import Finding

Counts = dict[str, dict[str, int]]
"""Numbers of images by folder and class."""

# The first build of a process, which mostly is its only one, has its chart drawn by another: to
# import matplotlib takes longer than to draw, and later builds of the process have it.
_builds = itertools.count()


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The result of a build: what it did, and what the tree has now.

    `made`, `kept` count images, `pruned` sources; `counts` goes from folders to classes to numbers
    of images; `reasons` counts the sources worked on by why.
    """

    out: Path
    made: int
    kept: int
    pruned: int
    counts: Counts
    rejected: tuple[Rejected, ...]
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]
    seconds: float
    reasons: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the report as the values that JSON has."""
        return {**asdict(self), "out": str(self.out)}


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
    follow_links: bool = True,
    quiet: bool = True,
) -> BuildReport:
    """Build what a recipe says, doing again only what changed; raises AugbuildError.

    `recipe` is a file or the name of a shipped recipe; `source` and `out` override its own. The
    tree's bytes depend on neither `n_jobs` nor `backend`.
    """
    start = time.time()
    plan = plan_recipe(recipe, source=source, follow_links=follow_links, n_jobs=n_jobs, quiet=quiet)
    folder_path = output_path(plan.recipe, out)
    with claim(folder_path, plan.dataset.root) as folder, State(folder.state) as state:
        refuse_another_build(plan, state, prune=prune)
        refuse_other_versions(state, rebuild=rebuild)
        if limit is not None:
            plan = _limit(plan, state, limit)
        interrupted = state.note("running", int)
        detector = ChangeDetector(plan, state, folder, rehash, rebuild, interrupted)
        changes = find_changes(detector, prune=limit is None)
        refuse_mass_pruning(detector, changes, prune=prune)
        made, chart = 0, None
        if changes.pending or changes.stale:
            made, chart = _execute(detector, changes, n_jobs, backend, quiet)
        info, rejected = _describe_tree(detector, changes, chart)
        write_last_run(folder.private, start, made)
    return _report(detector, changes, info, rejected, made, time.time() - start)


def _report(
    detector: ChangeDetector,
    changes: Changes,
    info: DatasetInfo,
    rejected: list[Rejected],
    made: int,
    seconds: float,
) -> BuildReport:
    return BuildReport(
        out=detector.folder.root,
        made=made,
        kept=info.rows - made,
        pruned=len(changes.stale),
        counts=info.counts,
        rejected=tuple(rejected),
        warnings=detector.plan.warnings,
        findings=info.findings,
        seconds=seconds,
        reasons={str(cause): count for cause, count in changes.causes().items()},
    )


def _limit(plan: BuildPlan, state: State, limit: int) -> BuildPlan:
    """Keep `limit` sources of a plan, and those that are in the tree already."""
    chosen = {source.path for source in spread(plan.sources, limit)}
    kept = tuple(source for source in plan.sources if source.path in chosen or source.path in state)
    return replace(plan, sources=kept)


@dataclass(frozen=True, slots=True)
class _Chart:
    """A chart that is drawn already, of counts that the tree may not have in the end."""

    counts: Counts
    content: bytes | None


def _execute(
    detector: ChangeDetector, changes: Changes, n_jobs: int | None, backend: Backend, quiet: bool
) -> tuple[int, _Chart]:
    """Do what has to be done, and draw the chart meanwhile; return how many images were made."""
    # Pillow and numpy take a fifth of a second to import: not where nothing is to be done.
    from augbuild.building.execute import execute_changes

    plan = detector.plan
    counts = plan.image_counts()
    given = {"counts": counts, "classes": plan.dataset.classes, "title": plan.recipe.name}
    with ExitStack() as stack:
        beside = None
        if next(_builds) == 0 and available_cpus() > 1:
            aside = Aside("augbuild.dataset.chart", encode(given))
            beside = stack.enter_context(aside)
        made = execute_changes(detector, changes, n_jobs=n_jobs, backend=backend, quiet=quiet)
        return made, _Chart(counts, beside.answer() if beside else None)


def _describe_tree(
    detector: ChangeDetector, changes: Changes, chart: _Chart | None
) -> tuple[DatasetInfo, list[Rejected]]:
    """Describe the tree; the manifest comes last, when all that it names is on the disk."""
    state = detector.state
    folder = detector.folder
    staged, counts = stage_manifest(detector.plan, state, folder)
    info = dataset_info(detector.plan, counts)
    drawn = chart.content if chart and chart.counts == info.counts else None
    write_descriptions(folder, info, counts, drawn)
    if changes.pending or detector.interrupted_run is not None:
        # Once for the whole tree: a sync of each image would cost more than to make it.
        os.sync()
    state.set_note("running", None)
    state.sync()
    # A second run writes nothing: a manifest that is right keeps its time.
    if not folder.manifest.exists() or not filecmp.cmp(folder.manifest, staged, shallow=False):
        staged.replace(folder.manifest)
    folder.set_aside.unlink(missing_ok=True)
    return info, counts.rejected
