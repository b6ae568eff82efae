"""What a build has to do again, and why: the plan held against the state and the disk."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from augbuild.catalogue.transforms import Op
from augbuild.core.files import size_and_mtime
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.state import Entry, State
from augbuild.planning.plan import BuildPlan, Task
from augbuild.recipe.model import OutputSpec
from augbuild.sources.dataset import Source

Cause = Literal[
    "new",
    "recipe changed",
    "source changed",
    "output changed",
    "interrupted",
    "tried again",
    "rebuild",
]
_WHYS: tuple[Cause, ...] = (
    "new", "recipe changed", "source changed", "output changed", "interrupted", "tried again", "rebuild",
)  # fmt: skip
_MAY_PASS = frozenset({"unreadable", "out_of_memory"})


@dataclass(slots=True)
class Changes:
    """What differs between plan and tree.

    `codes` holds a byte for each source of the plan, 0 where it is done; `images` counts the outputs to make and
    `weight` estimates their cost; `stale` are the sources that are no longer in the plan.
    """

    codes: bytearray
    images: int = 0
    weight: int = 0
    stale: list[str] = field(default_factory=list)

    @property
    def pending(self) -> int:
        """Count the sources to work on."""
        return len(self.codes) - self.codes.count(0)

    def why(self, index: int) -> Cause | None:
        """Tell why the source at `index` of the plan has to be worked on; None where it is done."""
        return _WHYS[self.codes[index] - 1] if self.codes[index] else None

    def reasons(self) -> Counter[Cause]:
        """Count the sources to work on by reason."""
        return Counter(
            {why: count for code, why in enumerate(_WHYS, 1) if (count := self.codes.count(code))}
        )


def outputs_digest(task: Task, encoding: OutputSpec) -> str:
    """Hash everything but the bytes of its source that a task's outputs depend on."""
    outputs = [[output.file_name, ops_as_json(output.ops)] for output in task.outputs]
    settings = [encoding.format, encoding.quality, encoding.max_side, encoding.originals]
    return hashlib.sha256(json.dumps([outputs, settings]).encode()).hexdigest()


def ops_as_json(ops: Sequence[Op]) -> list[dict[str, Any]]:
    """Give ops as the manifest holds them."""
    return [{"op": op.name, **op.params} for op in ops]


@dataclass(frozen=True, slots=True)
class ChangeDetector:
    """Holds sources of a plan against what the state knows and the disk has.

    What was written since `interrupted_run`, the first that has not ended well, is read whole: it was not synced.
    """

    plan: BuildPlan
    state: State
    folder: OutputFolder
    rehash: bool = False
    rebuild: bool = False
    interrupted_run: int | None = None

    def why(self, source: Source, entry: Entry | None, mark: str) -> Cause | None:
        """Tell why a source has to be worked on; None where all its outputs are right."""
        if entry is None:
            return "new"
        if self.rebuild:
            return "rebuild"
        if entry.status == "pending":
            return "interrupted"
        if entry.fingerprint != mark:
            return "recipe changed"
        if not self._same_source(source, entry):
            return "source changed"
        if entry.status == "rejected":
            return "tried again" if entry.result["reason"] in _MAY_PASS else None
        if self.interrupted_run is not None and entry.run >= self.interrupted_run:
            return None if self._intact(entry, full=True) else "interrupted"
        return None if self._intact(entry, full=False) else "output changed"

    def _same_source(self, source: Source, entry: Entry) -> bool:
        path = self.plan.dataset.root / source.path
        size, mtime_ns = size_and_mtime(path)
        if (size, mtime_ns) == (entry.size, entry.mtime_ns) and not self.rehash:
            return True
        return size == entry.size and _sha256(path) == entry.result.get("sha256")

    def _intact(self, entry: Entry, *, full: bool) -> bool:
        for file in entry.result["files"]:
            path = self.folder.root / file["file_name"]
            if path.is_symlink() or size_and_mtime(path)[0] != file["bytes"]:
                return False
            if full and _sha256(path) != file["sha256"]:
                return False
        return True


def find_changes(inspector: ChangeDetector, *, prune: bool) -> Changes:
    """Go through the plan once and tell what has to be done."""
    plan, state = inspector.plan, inspector.state
    changes, known = Changes(bytearray(len(plan.sources))), 0
    for index, source in enumerate(plan.sources):
        task, entry = plan.task(source), state.get(source.path)
        known += entry is not None
        if why := inspector.why(source, entry, outputs_digest(task, plan.recipe.output)):
            changes.codes[index] = _WHYS.index(why) + 1
            changes.images += len(task.outputs)
            changes.weight += len(task.outputs) * max(
                size_and_mtime(plan.dataset.root / source.path)[0], 0
            )
    if prune and known < len(state):
        planned = {source.path for source in plan.sources}
        changes.stale = [entry.path for entry in state.entries() if entry.path not in planned]
    return changes


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
