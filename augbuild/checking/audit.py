"""Audit a dataset: every copy in it, and all else that its owner should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from augbuild.core.documents import to_plain
from augbuild.core.files import Stamp
from augbuild.core.pool import available_cpus
from augbuild.core.text import plural
from augbuild.dataset.layout import MANIFEST_NAME
from augbuild.dataset.manifest import read_manifest
from augbuild.recipe.model import SplitSpec
from augbuild.similarity.duplicates import Twins, find_duplicates, settle_duplicates
from augbuild.similarity.groups import group_pairs
from augbuild.sources.dataset import DEFAULT_OPTIONS, Source, SourceDataset, SourceOptions
from augbuild.sources.exclusions import write_exclusions
from augbuild.sources.findings import Finding
from augbuild.sources.open import open_source
from augbuild.sources.originals import FolderOriginals, Originals

_UNTOLD = Finding(
    kind="duplicates unknown",
    message="the images are so much alike that copies which were cropped, framed or turned a "
    "little cannot be told; copies in the same frame are named",
)
_EVALUATED_FIRST = ("test", "validation", "train", None)


class Pair(msgspec.Struct, frozen=True):
    """Two images that are the same picture; `how` says how the first differs from the second."""

    first: str
    second: str
    how: str
    across_splits: bool
    labels_differ: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found: findings, all pairs, and what to leave out so that none is left.

    `exclusions` maps the path of each image to leave out to the reason.
    """

    name: str
    images: int
    findings: tuple[Finding, ...]
    pairs: tuple[Pair, ...]
    exclusions: Mapping[str, str]

    @property
    def exit_code(self) -> int:
        """Return the exit code of the command: 1 where there is a finding."""
        return 1 if self.findings else 0

    def to_json(self) -> dict[str, object]:
        """Return the audit as the values that JSON has."""
        return {
            "name": self.name,
            "images": self.images,
            "findings": to_plain(self.findings),
            "pairs": to_plain(self.pairs),
            "exclusions": dict(self.exclusions),
        }

    def write(self, file: Path) -> None:
        """Write the list of images to leave out; raises OutputError."""
        write_exclusions(file, self.exclusions)


def audit(
    source: str | Path,
    options: SourceOptions = DEFAULT_OPTIONS,
    *,
    n_jobs: int | None = None,
    quiet: bool = True,
) -> Audit:
    """Audit a source, or the originals of a built tree; raises AugbuildError.

    A source is whatever a recipe's `source.path` may name; paths in the result are those in it.
    """
    root = Path(source)
    if (root / MANIFEST_NAME).is_file():
        dataset = _open_tree(root)
    else:
        dataset = open_source(str(source), Path.cwd(), options)
    return audit_dataset(str(source), dataset, n_jobs=n_jobs or available_cpus(), quiet=quiet)


def audit_dataset(name: str, dataset: SourceDataset, *, n_jobs: int, quiet: bool = True) -> Audit:
    """Audit an opened dataset."""
    duplicates = find_duplicates(dataset, n_jobs=n_jobs, quiet=quiet)
    _, found = settle_duplicates(SplitSpec(), dataset, duplicates)
    source_of = {each.path: each for each in dataset.sources}
    pairs = tuple(_describe(twins, source_of) for twins in duplicates.twins)
    findings = [*dataset.findings, *found]
    within = [pair for pair in pairs if not pair.across_splits and not pair.labels_differ]
    if within:
        findings.append(_describe_within(within, dataset))
    if not duplicates.tells_moved:
        findings.append(_UNTOLD)
    exclusions = _choose_exclusions(duplicates.twins, source_of)
    return Audit(name, len(dataset.sources), tuple(findings), pairs, exclusions)


@dataclass(frozen=True, slots=True)
class _TreeOriginals:
    """The originals of a built tree by their paths in its source; `files` has those in the tree."""

    tree: Originals
    files: Mapping[str, str]

    def read(self, path: str) -> bytes:
        return self.tree.read(self.files[path])

    def stat(self, path: str) -> Stamp:
        return self.tree.stat(self.files[path])

    def local_path(self, path: str) -> Path | None:
        return self.tree.local_path(self.files[path])


def _open_tree(root: Path) -> SourceDataset:
    sources: list[Source] = []
    files: dict[str, str] = {}
    for record in read_manifest(root / MANIFEST_NAME):
        if record.origin == "source":
            source = Source(record.source, record.label_name, split=record.split)
            sources.append(replace(source, group=record.group))
            files[record.source] = record.file_name
    sources.sort(key=lambda source: source.path)
    return SourceDataset(
        root=root,
        originals=_TreeOriginals(FolderOriginals(root), files),
        identity=str(root.resolve()),
        classes=tuple(sorted({source.label for source in sources})),
        sources=tuple(sources),
    )


def _describe(twins: Twins, source_of: Mapping[str, Source]) -> Pair:
    first = source_of[twins.first]
    second = source_of[twins.second]
    how = "cropped, framed or tilted" if twins.moved else "the same frame"
    if twins.turn != "upright":
        how += f", {twins.turn}"
    return Pair(
        first=twins.first,
        second=twins.second,
        how=how,
        across_splits=first.split != second.split,
        labels_differ=first.label != second.label,
    )


def _describe_within(pairs: Sequence[Pair], dataset: SourceDataset) -> Finding:
    count = len(pairs)
    where = "of one split and label" if dataset.is_split else "of one label"
    shown = plural(count, "pair of images", "pairs of images")
    verb = "shows" if count == 1 else "show"
    return Finding(
        kind="duplicates",
        message=f"{shown} {where} {verb} the same picture",
        count=count,
        examples=tuple(f"{pair.first} = {pair.second}" for pair in pairs),
        advice="leave out what --write lists; a split of augbuild's own keeps them together",
    )


def _choose_exclusions(twins: Sequence[Twins], source_of: Mapping[str, Source]) -> dict[str, str]:
    """Choose what to leave out so that no copy is left: of each picture one stays.

    That is one of the test set where there is one, then of validation. Where equal pictures have
    unequal labels none stays, since nobody knows which is right.
    """
    groups = group_pairs((pair.first, pair.second) for pair in twins)
    doubtful = set()
    for pair in twins:
        if not pair.moved and source_of[pair.first].label != source_of[pair.second].label:
            doubtful.add(groups[pair.first])
    members: dict[str, list[Source]] = {}
    for path, group in groups.items():
        members.setdefault(group, []).append(source_of[path])
    reasons: dict[str, str] = {}
    for group, same in members.items():
        same.sort(key=lambda source: (_EVALUATED_FIRST.index(source.split), source.path))
        kept, *others = same
        if group in doubtful:
            for source in same:
                other = others[0] if source is kept else kept
                reasons[source.path] = f"one of a picture's several labels; see {other.path}"
            continue
        for source in others:
            reasons[source.path] = f"the same picture as {kept.path}"
    return dict(sorted(reasons.items()))
