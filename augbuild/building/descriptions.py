"""The files that describe a finished tree: manifest, dataset.json, rejected rows, card, chart."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from augbuild.building.rows import encode_rows, row_context
from augbuild.core.files import hash_bytes, hash_file
from augbuild.dataset.about.counts import TreeCounts, images_of_train
from augbuild.dataset.about.credits import credit_assets
from augbuild.dataset.about.findings import find_in_tree, find_rejected_of_balance
from augbuild.dataset.info import DatasetInfo, read_info, write_info
from augbuild.dataset.layout import (
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
from augbuild.planning.plan import BuildPlan
from augbuild.sources.dataset import Rejected

_RENEWED_AT_ONCE = 1000


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
    encoded again and noted. The outputs of each source, and the sources that were rejected, are
    added to `counts`.
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
                counts.add(source, built)
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
        equal=counts.equal,
        attribution=plan.dataset.attribution,
        recipe=resolved,
        recipe_sha256=resolved.sha256,
        versions=versions(),
        rows=counts.rows,
        manifest_sha256=counts.manifest_sha256,
        descriptions={},
        **msgspec.structs.asdict(plan.recipe.dataset),
    )
    findings = [*plan.findings, *find_in_tree(info)]
    findings += counts.originals.findings(resolved.decoding.depth)
    if plan.recipe.augment.balance is not None:
        planned = images_of_train(plan.image_counts())
        made = images_of_train(counts.images)
        findings += find_rejected_of_balance(planned, made)
    return msgspec.structs.replace(info, findings=tuple(findings))


def write_descriptions(
    folder: OutputFolder, info: DatasetInfo, counts: TreeCounts, chart: bytes | None = None
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
    contents = {REJECTED_NAME: encode_rejected(counts.rejected)}
    if before is None or _is_outdated(folder, info, before):
        from augbuild.dataset.about.card import render_card

        contents[CARD_NAME] = render_card(info, [*credit_assets(counts.assets)]).encode()
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
