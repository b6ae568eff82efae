"""What a build has to do again, and why: the plan compared with the state and the disk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

from augbuild.building.keys import SourceKeys, encoding_of, fingerprint_of, ops_as_json
from augbuild.building.reuse import Earlier, Tree, files_to_keep, has_encoding, same_files
from augbuild.core.files import Stamp, hash_bytes
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.results import BuiltSource, Confirmed, Entry, RejectedSource
from augbuild.dataset.state import State
from augbuild.errors import ImageError
from augbuild.planning.plan import BuildPlan
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
"""Why a source has to be worked on."""

_CAUSES: tuple[Cause, ...] = get_args(Cause)
# Reasons that lie in the machine as it was then; all others lie in the file.
_MAY_PASS = frozenset({"unreadable", "out_of_memory"})
_CONFIRMED_AT_ONCE = 1000


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


@dataclass(frozen=True, slots=True)
class Comparison:
    """What has to be done for one source: `images` to make, for a cause; None: it is done.

    `confirmed` has what the state is to note of a source that is done, where that is not the same.
    """

    cause: Cause | None = None
    images: int = 0
    confirmed: Confirmed | None = None


@dataclass(frozen=True)
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

    @cached_property
    def keys(self) -> SourceKeys:
        """Return the keys of the plan's sources."""
        return SourceKeys(self.plan)

    @cached_property
    def encoding(self) -> str:
        """Return how the plan's variants are encoded."""
        return encoding_of(self.plan.recipe.output, self.plan.recipe.decoding)

    @cached_property
    def tree(self) -> Tree:
        """Return the images as they lie on the disk."""
        link = self.plan.recipe.output.originals == "link"
        return Tree(self.folder.root, self.plan.dataset.originals, link)

    def compare(self, source: Source, entry: Entry | None, stamp: Stamp) -> Comparison:
        """Return what has to be done for a source, whose file has this stamp now."""
        everything = self.plan.output_count(source)
        if entry is None:
            return Comparison("new", everything)
        if self.rebuild:
            return Comparison("rebuild", everything)
        if entry.status == "pending":
            return Comparison("interrupted", self._count_missing(source, entry, stamp))
        key = self.keys.key_of(source)
        if key != entry.key and not self._comes_out_the_same(source, entry):
            return Comparison("recipe changed", self._count_missing(source, entry, stamp))
        if not self.is_same_source(source, entry, stamp):
            return Comparison("source changed", everything)
        if isinstance(entry.result, RejectedSource):
            if entry.result.reason in _MAY_PASS:
                return Comparison("tried again", everything)
        elif broken := self._count_broken(entry):
            unsynced = self._may_be_unsynced(entry)
            return Comparison("interrupted" if unsynced else "output changed", broken)
        if (key, stamp) == (entry.key, entry.stamp):
            return Comparison()
        return Comparison(confirmed=Confirmed(source.path, key, self.encoding, stamp))

    def earlier(self, source: Source, entry: Entry, stamp: Stamp) -> Earlier | None:
        """Return what an earlier build made of a source, if its images may be kept."""
        built = entry.result
        if self.rebuild or not isinstance(built, BuiltSource):
            return None
        if not self.is_same_source(source, entry, stamp):
            return None
        recipe = self.plan.recipe
        same_encoding = has_encoding(entry, built, recipe.output, recipe.decoding)
        return Earlier(built, same_encoding, read_whole=self.interrupted_run is not None)

    def is_same_source(self, source: Source, entry: Entry, stamp: Stamp) -> bool:
        """Check whether a source has the bytes that it had; reads it where its stamp differs."""
        if stamp.agrees_with(entry.stamp) and not self.rehash:
            return True
        if stamp.size != entry.stamp.size or not isinstance(entry.result, BuiltSource):
            return False
        try:
            return hash_bytes(self.plan.dataset.originals.read(source.path)) == entry.result.sha256
        except ImageError:
            return False

    def _comes_out_the_same(self, source: Source, entry: Entry) -> bool:
        """Check whether another key makes no difference to a source: draws it, and compares."""
        outputs = self.plan.task(source).outputs
        built = entry.result
        if not isinstance(built, BuiltSource):
            if entry.key:
                return False
            names = [output.file_name for output in outputs]
            ops = [ops_as_json(output.ops) for output in outputs]
            settings = self.plan.recipe.output
            return entry.encoding == fingerprint_of(names, ops, settings, settings.originals)
        if len(outputs) != len(built.files):
            return False
        recipe = self.plan.recipe
        same_encoding = has_encoding(entry, built, recipe.output, recipe.decoding)
        same = same_files(Earlier(built, same_encoding, read_whole=False), outputs)
        if len(same) != len(outputs):
            return False
        return all(self.tree.is_as_asked(file, source.path) for file in same.values())

    def _count_missing(self, source: Source, entry: Entry, stamp: Stamp) -> int:
        """Count the images of a source that are to be made, beside those that can be kept."""
        earlier = self.earlier(source, entry, stamp)
        if earlier is None:
            return self.plan.output_count(source)
        outputs = self.plan.task(source).outputs
        return len(outputs) - len(files_to_keep(earlier, outputs, self.tree))

    def _count_broken(self, entry: Entry) -> int:
        """Count the images of a built source that are not on the disk as they were made."""
        assert isinstance(entry.result, BuiltSource), "neither pending nor rejected"
        read_whole = self._may_be_unsynced(entry)
        broken = 0
        for file in entry.result.files:
            broken += not self.tree.has(file, read_whole=read_whole)
        return broken

    def _may_be_unsynced(self, entry: Entry) -> bool:
        return self.interrupted_run is not None and entry.run >= self.interrupted_run


def find_changes(detector: ChangeDetector, *, prune: bool) -> Changes:
    """Go through the plan once and find what has to be done; with `prune`, what is stale, too.

    Sources that are done under another key or stamp are noted in the state, if it may be written.
    """
    plan = detector.plan
    state = detector.state
    changes = Changes(bytearray(len(plan.sources)))
    confirmed: list[Confirmed] = []
    known = 0
    for index, source in enumerate(plan.sources):
        entry = state.get(source.path)
        if entry is not None:
            known += 1
        stamp = plan.dataset.originals.stat(source.path)
        found = detector.compare(source, entry, stamp)
        if found.confirmed is not None:
            confirmed.append(found.confirmed)
        if len(confirmed) == _CONFIRMED_AT_ONCE:
            _note(state, confirmed)
        if found.cause is not None:
            changes.set_cause(index, found.cause)
            changes.images += found.images
            changes.weight += found.images * max(stamp.size, 0)
    _note(state, confirmed)
    if prune and known < len(state):
        # Only where something is gone: a set of all paths takes memory for each source.
        planned = {source.path for source in plan.sources}
        changes.stale = [entry.path for entry in state.entries() if entry.path not in planned]
    return changes


def _note(state: State, confirmed: list[Confirmed]) -> None:
    if confirmed and not state.read_only:
        state.confirm(confirmed)
    confirmed.clear()
