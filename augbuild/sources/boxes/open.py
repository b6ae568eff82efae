"""Open annotations as a source dataset: every box is an image of its class."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from pathlib import Path

from augbuild.core.text import nearest, plural
from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import Photo, PhotoIndex
from augbuild.sources.boxes.find import FoundAnnotations
from augbuild.sources.boxes.originals import BoxOriginals
from augbuild.sources.boxes.sources import BoxSources
from augbuild.sources.boxes.splits import settle_splits
from augbuild.sources.dataset import DEFAULT_OPTIONS, Source, SourceDataset, SourceOptions
from augbuild.sources.findings import Finding
from augbuild.sources.folders.assemble import find_missing_splits
from augbuild.sources.folders.augmented import find_augmented_names
from augbuild.sources.folders.classes import find_similar_names
from augbuild.sources.folders.left_out import find_links_out, find_unused_patterns
from augbuild.sources.folders.listing import Listing
from augbuild.sources.folders.walk import walk_folder
from augbuild.sources.originals import FolderOriginals

_EXAMPLES = 3
_CLASSES_SHOWN = 10


def open_boxes(
    path: Path,
    found: FoundAnnotations,
    folder: Path,
    options: SourceOptions = DEFAULT_OPTIONS,
    *,
    ignore_existing: bool = False,
) -> SourceDataset:
    """Open the annotations that `path` is or has as a dataset of their boxes.

    The photo of a box is its group, so no split parts the boxes of one photo. What is no box of a
    photo that is there is rejected, by name. `options.images` is relative to `folder`. Raises
    SourceError naming the file that is wrong, and where no box is left.
    """
    root = found.root
    if options.images is not None:
        root = Path(os.path.normpath(folder / Path(options.images).expanduser()))
        if not root.is_dir():
            raise SourceError(f"{root} (images) is not a folder")
    listing = walk_folder(root, options)
    annotations = found.read(PhotoIndex(listing.images))
    photos, of_splits = settle_splits(annotations.photos, ignore_existing=ignore_existing)
    wanted = _check_wanted(path, options.classes, annotations.classes)
    boxes = BoxSources(wanted)
    for photo in photos:
        boxes.add(photo)
    _refuse_none(path, photos, boxes)
    labels = {source.label for source in boxes.sources}
    findings = [
        *annotations.findings,
        *of_splits,
        *find_missing_splits(boxes.sources),
        *_find_only_class(labels),
        *_find_without_boxes(photos, listing),
        *boxes.findings(),
        *_find_unused_classes(annotations.classes, labels, wanted),
        *find_links_out(listing),
        *find_unused_patterns(listing),
        *find_similar_names(labels),
        *_find_augmented_photos(photos),
    ]
    return SourceDataset(
        root=root,
        originals=BoxOriginals(FolderOriginals(root)),
        identity=str(path.resolve()),
        classes=tuple(sorted(labels)),
        sources=tuple(sorted(boxes.sources, key=lambda source: source.path)),
        rejected=(*listing.rejected.values(), *boxes.rejected),
        ignored={reason: len(paths) for reason, paths in sorted(listing.left_out.items())},
        findings=tuple(findings),
    )


def _refuse_none(path: Path, photos: Sequence[Photo], boxes: BoxSources) -> None:
    """Raise SourceError where there is not one box to use."""
    if boxes.sources:
        return
    missing = [photo.name for photo in photos if photo.path is None]
    if missing and len(missing) == len(photos):
        raise SourceError(
            f"{path}: none of its {plural(len(photos), 'photo')} is there (first: {missing[0]}); "
            "name their folder: images = DIR in [source] (--images DIR)"
        )
    raise SourceError(f"{path}: its annotations have no box that can be used")


def _check_wanted(path: Path, wanted: Sequence[str], declared: Set[str]) -> frozenset[str]:
    """Return the classes of `options.classes`; raises SourceError for one that is not there."""
    for label in wanted:
        if label in declared:
            continue
        near = nearest(label, declared)
        shown = ", ".join(repr(each) for each in sorted(declared)[:_CLASSES_SHOWN])
        hint = f"did you mean {near!r}?" if near else f"it has {shown}"
        raise SourceError(f"{path} has no class {label!r}, which [source] classes names; {hint}")
    return frozenset(wanted)


def _find_only_class(labels: Set[str]) -> list[Finding]:
    if len(labels) != 1:
        return []
    message = f"{next(iter(labels))!r} is the only class that has boxes"
    advice = "a classifier needs two: annotate another"
    return [Finding(kind="one class", message=message, advice=advice)]


def _find_unused_classes(declared: Set[str], used: Set[str], wanted: Set[str]) -> list[Finding]:
    """Find the classes that the annotations declare and have no box of."""
    unused = sorted(declared - used if not wanted else wanted - used)
    if not unused:
        return []
    have = "class has" if len(unused) == 1 else "classes have"
    return [
        Finding(
            kind="other",
            message=f"{len(unused):,} {have} no box, and so no images",
            count=len(unused),
            examples=tuple(unused[:_EXAMPLES]),
        )
    ]


def _find_without_boxes(photos: Sequence[Photo], listing: Listing) -> list[Finding]:
    """Find the photos that no box is taken of: background, or not annotated at all."""
    named = set()
    without = []
    for photo in photos:
        if photo.path is None:
            continue
        named.add(photo.path)
        if not photo.boxes:
            without.append(photo.path)
    unnamed = [path for path in listing.images if path not in named]
    findings = []
    for paths, why in ((without, "without a box"), (unnamed, "that the annotations do not name")):
        if not paths:
            continue
        are = "is" if len(paths) == 1 else "are"
        findings.append(
            Finding(
                kind="files left out",
                message=f"{plural(len(paths), 'photo')} {why} {are} left out",
                count=len(paths),
                examples=tuple(paths[:_EXAMPLES]),
            )
        )
    return findings


def _find_augmented_photos(photos: Sequence[Photo]) -> list[Finding]:
    """Find photos that look already augmented; not by their boxes, of which one photo has many."""
    used = [photo for photo in photos if photo.path is not None and photo.boxes]
    return find_augmented_names([Source(photo.path or "", "", split=photo.split) for photo in used])
