"""What a build has to do again, and why: the plan compared with the state and the disk."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from augbuild.catalogue.transforms import Op
from augbuild.core.documents import to_plain
from augbuild.core.files import hash_bytes, hash_file, size_and_mtime
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.manifest import AppliedOps
from augbuild.dataset.results import BuiltSource, PendingSource, RejectedSource
from augbuild.dataset.state import Entry, State
from augbuild.errors import ImageError
from augbuild.planning.plan import BuildPlan, Task
from augbuild.recipe.model import OutputSpec
from augbuild.sources.dataset import Source
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding

Cause = Literal[
    "new",
    "recipe changed",
    "source changed",
    "output changed",
    "interrupted",
    "tried again",
    "rebuild",
]
"""Why a source has to be worked on."""

_CAUSES: tuple[Cause, ...] = get_args(Cause)
# Reasons that lie in the machine as it was then; all others lie in the file.
_MAY_PASS = frozenset({"unreadable", "out_of_memory"})


@dataclass(slots=True)
class Changes:
    """The differences between a plan and a tree.

    `codes` has a byte for each source of the plan, 0 where it is done; `images` counts the outputs
    to make and `weight` estimates their cost, in bytes of their sources; `stale` are the sources
    that are no longer in the plan.
    """

    # A byte a source, and not a value each: there may be millions of them.
    codes: bytearray
    images: int = 0
    weight: int = 0
    stale: list[str] = field(default_factory=list)

    def set_cause(self, index: int, cause: Cause) -> None:
        """Note why the source at `index` of the plan has to be worked on."""
        self.codes[index] = _CAUSES.index(cause) + 1

    def cause(self, index: int) -> Cause | None:
        """Return why the source at `index` of the plan is to be worked on; None: it is done."""
        code = self.codes[index]
        return _CAUSES[code - 1] if code else None

    @property
    def pending(self) -> int:
        """Count the sources to work on."""
        return len(self.codes) - self.codes.count(0)

    def causes(self) -> Counter[Cause]:
        """Count the sources to work on by cause."""
        counted = Counter[Cause]()
        for code, cause in enumerate(_CAUSES, start=1):
            if count := self.codes.count(code):
                counted[cause] = count
        return counted


def outputs_fingerprint(
    task: Task, encoding: OutputSpec, decoding: Decoding = DEFAULT_DECODING
) -> str:
    """Hash all that a task's outputs depend on, but for the bytes of its source."""
    outputs = [[output.file_name, ops_as_json(output.ops)] for output in task.outputs]
    settings = [encoding.format, encoding.quality, encoding.max_side, encoding.originals]
    content: list[object] = [outputs, settings]
    if decoding != DEFAULT_DECODING:  # as before there was a choice
        content.append(to_plain(decoding))
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def ops_as_json(ops: Sequence[Op]) -> AppliedOps:
    """Return ops as they are in the manifest."""
    return tuple({"op": op.name, **op.params} for op in ops)


@dataclass(frozen=True, slots=True)
class ChangeDetector:
    """The comparison of a plan's sources with what the state knows and the disk has.

    What was written since `interrupted_run`, the first that has not ended well, is read whole: it
    was not synced.
    """

    plan: BuildPlan
    state: State
    folder: OutputFolder
    rehash: bool = False
    rebuild: bool = False
    interrupted_run: int | None = None

    def cause(self, source: Source, entry: Entry | None, fingerprint: str) -> Cause | None:
        """Return why a source has to be worked on; None where all its outputs are right."""
        if entry is None:
            return "new"
        if self.rebuild:
            return "rebuild"
        result = entry.result
        if isinstance(result, PendingSource):
            return "interrupted"
        if entry.fingerprint != fingerprint:
            return "recipe changed"
        if not self._is_same_source(source, entry):
            return "source changed"
        if isinstance(result, RejectedSource):
            return "tried again" if result.reason in _MAY_PASS else None
        if self.interrupted_run is not None and entry.run >= self.interrupted_run:
            return None if self._is_intact(result, full=True) else "interrupted"
        return None if self._is_intact(result, full=False) else "output changed"

    def _is_same_source(self, source: Source, entry: Entry) -> bool:
        originals = self.plan.dataset.originals
        size, mtime_ns = originals.stat(source.path)
        if (size, mtime_ns) == (entry.size, entry.mtime_ns) and not self.rehash:
            return True
        if size != entry.size or not isinstance(entry.result, BuiltSource):
            return False
        try:
            return hash_bytes(originals.read(source.path)) == entry.result.sha256
        except ImageError:
            return False

    def _is_intact(self, built: BuiltSource, *, full: bool) -> bool:
        """Check that each output has its size, and with `full` its bytes."""
        for file in built.files:
            path = self.folder.root / file.file_name
            size, _ = size_and_mtime(path)
            if path.is_symlink() or size != file.bytes:
                return False
            if full and not _has_hash(path, file.sha256):
                return False
        return True


def _has_hash(path: Path, sha256: str) -> bool:
    try:
        return hash_file(path) == sha256
    except OSError:
        return False


def find_changes(detector: ChangeDetector, *, prune: bool) -> Changes:
    """Go through the plan once and find what has to be done; with `prune`, what is stale, too."""
    plan, state = detector.plan, detector.state
    changes = Changes(bytearray(len(plan.sources)))
    known = 0
    for index, source in enumerate(plan.sources):
        task = plan.task(source)
        entry = state.get(source.path)
        if entry is not None:
            known += 1
        fingerprint = outputs_fingerprint(task, plan.recipe.output, plan.dataset.decoding)
        cause = detector.cause(source, entry, fingerprint)
        if cause is None:
            continue
        changes.set_cause(index, cause)
        changes.images += len(task.outputs)
        size, _ = plan.dataset.originals.stat(source.path)
        changes.weight += len(task.outputs) * max(size, 0)
    if prune and known < len(state):
        # Only where something is gone: a set of all paths takes memory for each source.
        planned = {source.path for source in plan.sources}
        changes.stale = [entry.path for entry in state.entries() if entry.path not in planned]
    return changes
