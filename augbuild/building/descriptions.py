"""The files that describe a finished tree: manifest, dataset.json, rejected rows, card, chart."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from augbuild.core.files import hash_bytes, hash_file
from augbuild.core.text import plural
from augbuild.dataset.info import DatasetInfo, read_info, write_info
from augbuild.dataset.layout import (
    AUGMENTED_FOLDER,
    CARD_NAME,
    CHART_NAME,
    REJECTED_NAME,
    OutputFolder,
)
from augbuild.dataset.manifest import Record, encode_row
from augbuild.dataset.results import BuiltSource, RejectedSource, encode_rejected
from augbuild.dataset.state import State
from augbuild.dataset.versions import versions
from augbuild.errors import ManifestError
from augbuild.pixels.decoding.traits import OriginalTraits
from augbuild.planning.plan import BuildPlan
from augbuild.sources.dataset import Rejected, Source
from augbuild.sources.findings import Finding

_FOLDERS = ("train", AUGMENTED_FOLDER, "validation", "test")


@dataclass(slots=True)
class TreeCounts:
    """The counts of a tree, made while its manifest is written; `images` by folder and class."""

    rows: int = 0
    images: dict[str, Counter[str]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    flat: int = 0
    more_frames: int = 0
    originals: OriginalTraits = field(default_factory=OriginalTraits)
    manifest_sha256: str = ""

    def count_row(self, record: Record) -> None:
        """Count one row of the manifest."""
        self.images.setdefault(record.folder, Counter())[record.label_name] += 1
        self.rows += 1

    def images_of(self, folder: str, classes: tuple[str, ...]) -> dict[str, int]:
        """Return the images of a folder by class, in the order of the classes; 0 for none."""
        return {label: self.images[folder][label] for label in classes}


def stage_manifest(plan: BuildPlan, state: State, folder: OutputFolder) -> tuple[Path, TreeCounts]:
    """Write the manifest into the staging folder, synced, for the build to rename last of all.

    Returns its path and what it counts. Raises OSError.
    """
    staged = folder.staging / folder.manifest.name
    counts = TreeCounts(rejected=list(plan.rejected))
    digest = hashlib.sha256()
    with staged.open("wb") as file:
        for record in tree_records(plan, state, counts):
            line = encode_row(record)
            digest.update(line)
            file.write(line)
            counts.count_row(record)
        # Whole on the disk before it gets its name, which says that the tree is complete.
        file.flush()
        os.fsync(file.fileno())
    counts.manifest_sha256 = digest.hexdigest()
    counts.rejected.sort(key=lambda rejected: rejected.source)
    return staged, counts


def tree_records(plan: BuildPlan, state: State, counts: TreeCounts) -> Iterator[Record]:
    """Yield the manifest's rows in plan order, from what the state knows.

    What has no row of its own is added to `counts`: rejected sources, flat variants, more frames.
    """
    labels = {label: index for index, label in enumerate(plan.dataset.classes)}
    for source in plan.sources:
        entry = state.get(source.path)
        match entry.result if entry else None:
            case RejectedSource(reason, message):
                counts.rejected.append(Rejected(source.path, reason, message))
            case BuiltSource() as built:
                counts.more_frames += built.more_frames
                position, highest = built.has_position, built.highest
                counts.originals.add(built.path, has_position=position, highest=highest)
                counts.flat += sum(file.flat for file in built.files)
                yield from _records_of(source, labels[source.label], built)
            case _:
                pass  # left out by --limit


def _records_of(source: Source, label: int, built: BuiltSource) -> Iterator[Record]:
    for file, ops in zip(built.files, built.ops, strict=True):
        yield Record(
            file_name=file.file_name,
            label=label,
            label_name=source.label,
            split=source.split or "train",
            origin="source" if file.variant is None else "augmented",
            variant=file.variant,
            source=source.path,
            source_sha256=built.sha256,
            group=source.group,
            ops=ops,
            width=file.width,
            height=file.height,
            source_width=built.width,
            source_height=built.height,
            bytes=file.bytes,
            sha256=file.sha256,
            fold=source.fold,
        )


def dataset_info(plan: BuildPlan, counts: TreeCounts) -> DatasetInfo:
    """Return what dataset.json says of a tree, before anything that describes it is written."""
    classes = plan.dataset.classes
    folders = [folder for folder in _FOLDERS if folder in counts.images]
    resolved = plan.recipe.resolved()
    info = DatasetInfo(
        name=plan.recipe.name,
        classes=classes,
        counts={folder: counts.images_of(folder, classes) for folder in folders},
        rejected=len(counts.rejected),
        ignored=dict(plan.dataset.ignored),
        more_frames=counts.more_frames,
        flat=counts.flat,
        attribution=plan.dataset.attribution,
        recipe=resolved,
        recipe_sha256=resolved.sha256,
        versions=versions(),
        rows=counts.rows,
        manifest_sha256=counts.manifest_sha256,
        descriptions={},
    )
    of_originals = counts.originals.findings(resolved.decoding.depth)
    findings = (*plan.findings, *find_in_tree(info), *of_originals)
    return msgspec.structs.replace(info, findings=findings)


def find_in_tree(info: DatasetInfo) -> list[Finding]:
    """Find what was done to images that their owner may not expect."""
    found = []
    if info.more_frames:
        have = "source has" if info.more_frames == 1 else "sources have"
        message = f"{info.more_frames:,} {have} more than one frame or page; the first was used"
        found.append(Finding(kind="more frames", message=message, count=info.more_frames))
    if info.flat:
        variants = plural(info.flat, "variant")
        message = f"{variants} came out all one colour; the recipe may be too strong for them"
        found.append(Finding(kind="flat variants", message=message, count=info.flat))
    in_train = info.counts.get("train", {})
    empty = [repr(label) for label in info.classes if not in_train.get(label)]
    if empty:
        message = f"no train image was left in {', '.join(empty)}: all were rejected"
        found.append(Finding(kind="class without train images", message=message, count=len(empty)))
    return found


def write_descriptions(folder: OutputFolder, info: DatasetInfo, rejected: list[Rejected]) -> None:
    """Write the files that describe the tree, but for the manifest; those that are right stay.

    dataset.json gets the hashes of the others, for `verify`. Raises OSError.
    """
    try:
        before: DatasetInfo | None = read_info(folder.root)
    except ManifestError:  # missing, damaged, or of another release: written again
        before = None
    hashes = dict(before.descriptions) if before else {}
    contents = {REJECTED_NAME: encode_rejected(rejected)}
    if before is None or _is_outdated(folder, info, before):
        # Matplotlib takes a third of a second to import: only here, where a chart is drawn.
        from augbuild.dataset.card import render_card
        from augbuild.dataset.chart import draw_counts

        contents[CARD_NAME] = render_card(info).encode()
        contents[CHART_NAME] = draw_counts(info.counts, info.classes, info.name)
    for name, content in contents.items():
        folder.update(name, content)
        hashes[name] = hash_bytes(content)
    described = dict(sorted(hashes.items()))
    write_info(folder, msgspec.structs.replace(info, descriptions=described))


def _is_outdated(folder: OutputFolder, info: DatasetInfo, before: DatasetInfo) -> bool:
    """Check whether card and chart describe another dataset, or were changed since."""
    if msgspec.structs.replace(before, descriptions={}) != info:
        return True
    for name in (CARD_NAME, CHART_NAME):
        try:
            if hash_file(folder.root / name) != before.descriptions.get(name):
                return True
        except OSError:
            return True
    return False
