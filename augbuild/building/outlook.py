"""What a build would do, without doing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from augbuild.building.changes import Cause, ChangeDetector, find_changes
from augbuild.building.inputs import output_path, plan_recipe
from augbuild.core.documents import to_plain
from augbuild.dataset.about.findings import find_lacking_classes
from augbuild.dataset.layout import AUGMENTED_FOLDER, OutputFolder
from augbuild.dataset.state import State
from augbuild.recipe.model import Recipe
from augbuild.sources.findings import Finding


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast of a build: what the tree would have, and what of it is still to do.

    `counts` goes from folders to classes to numbers of images; `images` are the outputs to make;
    `pending` pairs sources with why they are worked on; the images of `stale` sources are removed.
    """

    out: Path
    counts: dict[str, dict[str, int]]
    images: int
    pending: tuple[tuple[str, Cause], ...]
    stale: tuple[str, ...]
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, object]:
        """Return the outlook as the values that JSON has."""
        return {**asdict(self), "out": str(self.out), "findings": to_plain(self.findings)}


def plan_build(
    recipe: Recipe | str | Path,
    *,
    source: str | None = None,
    out: str | Path | None = None,
    rehash: bool = False,
    follow_links: bool = True,
) -> Outlook:
    """Compare the plan of a recipe with its output folder, writing nothing; raises AugbuildError.

    `recipe` is a file or the name of a shipped recipe; `source` and `out` override its own.
    """
    plan = plan_recipe(recipe, source=source, follow_links=follow_links, n_jobs=None)
    folder = OutputFolder(output_path(plan.recipe, out))
    file = folder.state if folder.state.is_file() else None
    with State(file, read_only=True) as state:
        interrupted = state.note("running", int)
        detector = ChangeDetector(plan, state, folder, rehash, interrupted_run=interrupted)
        changes = find_changes(detector, prune=True)
    pending = []
    counts: dict[str, Counter[str]] = {}
    for index, each in enumerate(plan.sources):
        if cause := changes.cause(index):
            pending.append((each.path, cause))
        counts.setdefault(each.split or "train", Counter())[each.label] += 1
        if variants := plan.variants(each):
            counts.setdefault(AUGMENTED_FOLDER, Counter())[each.label] += variants
    lacking = find_lacking_classes(counts, plan.dataset.classes)
    return Outlook(
        out=folder.root,
        counts={folder: dict(of_folder) for folder, of_folder in counts.items()},
        images=changes.images,
        pending=tuple(pending),
        stale=tuple(changes.stale),
        warnings=plan.warnings,
        findings=(*plan.findings, *lacking),
    )
