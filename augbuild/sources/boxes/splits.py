"""The splits of photos: each photo is in one, with all of its boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from augbuild.sources.boxes.annotations import Photo
from augbuild.sources.dataset import SPLITS
from augbuild.sources.findings import Finding

_EXAMPLES = 3
_ORDER = (*SPLITS, None)


def settle_splits(
    photos: Sequence[Photo], *, ignore_existing: bool
) -> tuple[list[Photo], list[Finding]]:
    """Return each photo once, in one split.

    A photo that is in two splits stays in the first of train, validation and test. Where that
    leaves one split with all photos, there is no split.
    """
    first: dict[str, Photo] = {}
    twice = []
    for photo in sorted(photos, key=lambda photo: _ORDER.index(photo.split)):
        name = photo.path or photo.name
        kept = first.setdefault(name, photo)
        if kept is photo:
            continue
        if kept.split == photo.split:
            first[name] = replace(kept, boxes=kept.boxes + photo.boxes)
        else:
            twice.append(name)
    settled = list(first.values())
    splits = {photo.split for photo in settled}
    if ignore_existing or (twice and len(splits) == 1):
        settled = [replace(photo, split=None) for photo in settled]
    if ignore_existing or not twice:
        return _without_unsplit(settled)
    are = "photo is" if len(twice) == 1 else "photos are"
    kept_in = "the splits are not kept" if len(splits) == 1 else "used in the first alone"
    finding = Finding(
        kind="duplicates across splits",
        message=f"{len(twice):,} {are} in more than one split; {kept_in}",
        count=len(twice),
        examples=tuple(twice[:_EXAMPLES]),
        advice="list each photo in one split",
    )
    settled, findings = _without_unsplit(settled)
    return settled, [finding, *findings]


def _without_unsplit(photos: list[Photo]) -> tuple[list[Photo], list[Finding]]:
    """Leave out the photos that are in no split where others are in one."""
    unsplit = [photo.path or photo.name for photo in photos if photo.split is None]
    if not unsplit or len(unsplit) == len(photos):
        return photos, []
    are = "photo is" if len(unsplit) == 1 else "photos are"
    finding = Finding(
        kind="files left out",
        message=f"{len(unsplit):,} {are} in no split and left out",
        count=len(unsplit),
        examples=tuple(unsplit[:_EXAMPLES]),
        advice="add them to a split; or split all anew: ignore_existing = true in [split]",
    )
    return [photo for photo in photos if photo.split is not None], [finding]
