"""The files that describe a finished tree: manifest, dataset.json, rejected rows, card, chart."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from augbuild.building.rows import encode_rows, row_context
from augbuild.core.files import hash_bytes, hash_file
from augbuild.core.text import plural
from augbuild.dataset.info import DatasetInfo, read_info, write_info
from augbuild.dataset.layout import (
    AUGMENTED_FOLDER,
    CARD_NAME,
    CHART_NAME,
    IMAGE_FOLDERS,
    REJECTED_NAME,
    OutputFolder,
)
from augbuild.dataset.results import BuiltSource, Entry, RejectedSource, encode_rejected
from augbuild.dataset.state import State
from augbuild.dataset.versions import versions
from augbuild.errors import ManifestError
from augbuild.pixels.decoding.traits import OriginalTraits
from augbuild.planning.plan import BuildPlan
from augbuild.sources.dataset import Rejected, Source
from augbuild.sources.findings import Finding

_RENEWED_AT_ONCE = 1000


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

    def count_source(self, source: Source, built: BuiltSource) -> None:
        """Count the images of one source."""
        for file in built.files:
            folder = AUGMENTED_FOLDER
            if file.variant is None:
                folder = source.split or "train"
            self.images.setdefault(folder, Counter())[source.label] += 1
            self.flat += file.flat
        self.rows += len(built.files)
        self.more_frames += built.more_frames
        position, highest = built.has_position, built.highest
        self.originals.add(built.path, has_position=position, highest=highest)

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
        for rows in manifest_rows(plan, state, counts):
            digest.update(rows)
            file.write(rows)
        # Whole on the disk before it gets its name, which says that the tree is complete.
        file.flush()
        os.fsync(file.fileno())
    counts.manifest_sha256 = digest.hexdigest()
    counts.rejected.sort(key=lambda rejected: rejected.source)
    return staged, counts


def manifest_rows(plan: BuildPlan, state: State, counts: TreeCounts) -> Iterator[bytes]:
    """Yield the manifest in plan order, all rows of a source at a time, and count what they say.

    The state has them as bytes. Where their class index, group or fold is another now, they are
    encoded again and noted.
    """
    labels = {label: index for index, label in enumerate(plan.dataset.classes)}
    renewed: list[Entry] = []
    for source in plan.sources:
        entry = state.get(source.path)
        if entry is None:
            continue  # left out by --limit
        match entry.result:
            case RejectedSource(reason, message):
                counts.rejected.append(Rejected(source.path, reason, message))
            case BuiltSource() as built:
                label = labels[source.label]
                context = row_context(source, label)
                if entry.context != context:
                    rows = encode_rows(source, label, built)
                    entry = msgspec.structs.replace(entry, context=context, rows=rows)
                    renewed.append(entry)
                counts.count_source(source, built)
                yield entry.rows
        if len(renewed) == _RENEWED_AT_ONCE:
            state.put(renewed)
            renewed.clear()
    if renewed:
        state.put(renewed)


def dataset_info(plan: BuildPlan, counts: TreeCounts) -> DatasetInfo:
    """Return what dataset.json says of a tree, before anything that describes it is written."""
    classes = plan.dataset.classes
    folders = [folder for folder in IMAGE_FOLDERS if folder in counts.images]
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


def write_descriptions(
    folder: OutputFolder, info: DatasetInfo, rejected: list[Rejected], chart: bytes | None = None
) -> None:
    """Write the files that describe the tree, but for the manifest; those that are right stay.

    The chart may be drawn already. dataset.json gets the hashes of the others, for `verify`. Raises
    OSError.
    """
    try:
        before: DatasetInfo | None = read_info(folder.root)
    except ManifestError:  # missing, damaged, or of another release: written again
        before = None
    hashes = dict(before.descriptions) if before else {}
    contents = {REJECTED_NAME: encode_rejected(rejected)}
    if before is None or _is_outdated(folder, info, before):
        from augbuild.dataset.card import render_card

        contents[CARD_NAME] = render_card(info).encode()
        if chart is None:
            # Matplotlib takes a third of a second to import: only here, where a chart is drawn.
            from augbuild.dataset.chart import draw_counts

            chart = draw_counts(info.counts, info.classes, info.name)
        contents[CHART_NAME] = chart
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
