"""What a build has to do again, and why: the plan held against the state and the disk."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from augbuild.output import OutputFolder
from augbuild.plan import Plan, Task
from augbuild.recipe import OutputSpec
from augbuild.sources import Source
from augbuild.state import Entry, State
from augbuild.transforms import Op

Why = Literal["new", "recipe changed", "source changed", "output changed", "interrupted", "tried again", "rebuild"]
_WHYS: tuple[Why, ...] = (
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

    def why(self, index: int) -> Why | None:
        """Tell why the source at `index` of the plan has to be worked on; None where it is done."""
        return _WHYS[self.codes[index] - 1] if self.codes[index] else None

    def reasons(self) -> Counter[Why]:
        """Count the sources to work on by reason."""
        return Counter({why: count for code, why in enumerate(_WHYS, 1) if (count := self.codes.count(code))})


def fingerprint(task: Task, encoding: OutputSpec) -> str:
    """Hash everything but the bytes of its source that a task's outputs depend on."""
    outputs = [[output.file_name, ops_as_json(output.ops)] for output in task.outputs]
    settings = [encoding.format, encoding.quality, encoding.max_side, encoding.originals]
    return hashlib.sha256(json.dumps([outputs, settings]).encode()).hexdigest()


def ops_as_json(ops: Sequence[Op]) -> list[dict[str, Any]]:
    """Give ops as the manifest holds them."""
    return [{"op": op.name, **op.params} for op in ops]


@dataclass(frozen=True, slots=True)
class Inspector:
    """Holds sources of a plan against what the state knows and the disk has.

    What was written since `interrupted_run`, the first that has not ended well, is read whole: it was not synced.
    """

    plan: Plan
    state: State
    folder: OutputFolder
    rehash: bool = False
    rebuild: bool = False
    interrupted_run: int | None = None

    def why(self, source: Source, entry: Entry | None, mark: str) -> Why | None:
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
        size, mtime_ns = stat_of(path)
        if (size, mtime_ns) == (entry.size, entry.mtime_ns) and not self.rehash:
            return True
        return size == entry.size and _sha256(path) == entry.result.get("sha256")

    def _intact(self, entry: Entry, *, full: bool) -> bool:
        for file in entry.result["files"]:
            path = self.folder.root / file["file_name"]
            if path.is_symlink() or stat_of(path)[0] != file["bytes"]:
                return False
            if full and _sha256(path) != file["sha256"]:
                return False
        return True


def find_changes(inspector: Inspector, *, prune: bool) -> Changes:
    """Go through the plan once and tell what has to be done."""
    plan, state = inspector.plan, inspector.state
    changes, known = Changes(bytearray(len(plan.sources))), 0
    for index, source in enumerate(plan.sources):
        task, entry = plan.task(source), state.get(source.path)
        known += entry is not None
        if why := inspector.why(source, entry, fingerprint(task, plan.recipe.output)):
            changes.codes[index] = _WHYS.index(why) + 1
            changes.images += len(task.outputs)
            changes.weight += len(task.outputs) * max(stat_of(plan.dataset.root / source.path)[0], 0)
    if prune and known < len(state):
        planned = {source.path for source in plan.sources}
        changes.stale = [entry.path for entry in state.entries() if entry.path not in planned]
    return changes


def stat_of(path: Path) -> tuple[int, int]:
    """Give size in bytes and modification time in nanoseconds; -1 and 0 for what cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return -1, 0
    return status.st_size, status.st_mtime_ns


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
