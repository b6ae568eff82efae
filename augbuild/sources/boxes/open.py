"""Open annotations as a source dataset: every box is an image of its class."""

from __future__ import annotations

import os
from pathlib import Path

from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import PhotoIndex
from augbuild.sources.boxes.find import FoundAnnotations
from augbuild.sources.boxes.findings import (
    find_augmented_photos,
    find_in_classes,
    find_left_out_photos,
)
from augbuild.sources.boxes.originals import BoxOriginals
from augbuild.sources.boxes.sources import BoxSources, check_wanted
from augbuild.sources.boxes.splits import settle_splits
from augbuild.sources.dataset import DEFAULT_OPTIONS, SourceDataset, SourceOptions
from augbuild.sources.folders.assemble import find_missing_splits
from augbuild.sources.folders.walk import walk_folder
from augbuild.sources.originals import FolderOriginals


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
    root = _root_of_photos(found.root, folder, options)
    listing = walk_folder(root, options)
    annotations = found.read(PhotoIndex(listing.images))
    photos, of_splits = settle_splits(annotations.photos, ignore_existing=ignore_existing)
    boxes = BoxSources(check_wanted(path, options.classes, annotations.classes))
    boxes.add_all(path, photos)
    labels = {source.label for source in boxes.sources}
    findings = [
        *annotations.findings,
        *of_splits,
        *find_missing_splits(boxes.sources),
        *find_left_out_photos(photos, listing),
        *boxes.findings(),
        *find_in_classes(annotations.classes, labels, boxes.wanted),
        *find_augmented_photos(photos),
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


def _root_of_photos(root: Path, folder: Path, options: SourceOptions) -> Path:
    """Return the folder below which photos are looked for: `options.images`, or the root."""
    if options.images is None:
        return root
    named = Path(os.path.normpath(folder / Path(options.images).expanduser()))
    if not named.is_dir():
        raise SourceError(f"{named} (images) is not a folder")
    return named
