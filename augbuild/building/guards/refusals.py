"""What a build refuses to do unasked: nothing of anyone is replaced or removed by surprise."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from augbuild.building.changes import ChangeDetector, Changes
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.state import State
from augbuild.dataset.versions import other_versions, versions
from augbuild.errors import OutputError
from augbuild.planning.plan import BuildPlan

_PRUNE_FREELY = 0.2  # of the sources; more than that needs to be asked for


def refuse_nesting(out: Path, sources: Path) -> None:
    """Raise OutputError where the output folder and the source are inside one another."""
    inner = out.resolve()
    outer = sources.resolve()
    if inner == outer or inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise OutputError(
            f"{out} and the source {sources} are inside one another; "
            "choose another folder with --out"
        )


def refuse_foreign_folder(folder: OutputFolder) -> None:
    """Raise OutputError for a folder whose files augbuild did not make."""
    root = folder.root
    if root.exists() and not root.is_dir():
        raise OutputError(f"{root} is a file, not a folder; choose another with --out")
    if folder.private.is_symlink():
        raise OutputError(
            f"{folder.private} is a link to another place; "
            "remove it, or choose another folder with --out"
        )
    if root.is_dir() and not folder.private.is_dir() and any(root.iterdir()):
        raise OutputError(
            f"{root} is not empty and was not made by augbuild; choose another folder with --out"
        )


def refuse_another_build(plan: BuildPlan, state: State, *, prune: bool) -> None:
    """Note recipe and source; raises OutputError where the folder was built from others."""
    names: tuple[tuple[Literal["recipe", "source"], str], ...] = (
        ("recipe", plan.recipe.name),
        ("source", plan.dataset.identity),
    )
    for what, now in names:
        before = state.note(what, str)
        if before not in {None, now} and not prune:
            raise OutputError(
                f"this folder was built from the {what} {before!r}, not {now!r}; "
                "choose another folder with --out, or --prune to replace its images"
            )
        state.set_note(what, now)


def refuse_other_versions(state: State, *, rebuild: bool) -> None:
    """Note the libraries; raises OutputError where part of the tree was made with others."""
    then = state.note("versions", dict[str, str])
    differing = other_versions(then) if then is not None else []
    if differing and len(state) and not rebuild:
        raise OutputError(
            f"this folder was built with {', '.join(differing)}; "
            "--rebuild makes all its images again"
        )
    state.set_note("versions", versions())


def refuse_mass_pruning(detector: ChangeDetector, changes: Changes, *, prune: bool) -> None:
    """Raise OutputError where many sources are gone: their folder may just not be mounted."""
    known = len(detector.state)
    gone = len(changes.stale)
    if gone > _PRUNE_FREELY * known and not prune:
        raise OutputError(
            f"{gone:,} of the {known:,} sources that {detector.folder.root} was built from are "
            "gone; if that is intended, --prune removes their images"
        )
