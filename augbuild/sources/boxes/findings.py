"""Findings about annotations: what is left out, and what is odd about the rest."""

from __future__ import annotations

from collections.abc import Sequence, Set

from augbuild.core.text import plural
from augbuild.sources.boxes.annotations import Photo
from augbuild.sources.dataset import Source
from augbuild.sources.findings import Finding
from augbuild.sources.folders.augmented import find_augmented_names
from augbuild.sources.folders.classes import find_similar_names
from augbuild.sources.folders.left_out import find_links_out, find_unused_patterns
from augbuild.sources.folders.listing import Listing

_EXAMPLES = 3


def find_in_classes(
    declared: Set[str], used: Set[str], wanted: Set[str] = frozenset()
) -> list[Finding]:
    """Find what is odd about the classes: one alone, near names, and those that have no box.

    The annotations declare some, of which those `wanted` are used, if there are any.
    """
    findings = []
    if len(used) == 1:
        message = f"{next(iter(used))!r} is the only class that has boxes"
        advice = "a classifier needs two: annotate another"
        findings.append(Finding(kind="one class", message=message, advice=advice))
    unused = sorted((wanted or declared) - used)
    if unused:
        have = "class has" if len(unused) == 1 else "classes have"
        findings.append(
            Finding(
                kind="other",
                message=f"{len(unused):,} {have} no box, and so no images",
                count=len(unused),
                examples=tuple(unused[:_EXAMPLES]),
            )
        )
    return [*findings, *find_similar_names(used)]


def find_left_out_photos(photos: Sequence[Photo], listing: Listing) -> list[Finding]:
    """Find the photos that no box is taken of: background, or not annotated at all.

    Links out of the source and patterns that match nothing are found, too.
    """
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
    return [*findings, *find_links_out(listing), *find_unused_patterns(listing)]


def find_augmented_photos(photos: Sequence[Photo]) -> list[Finding]:
    """Find photos that look already augmented; not by their boxes, of which one photo has many."""
    used = [photo for photo in photos if photo.path is not None and photo.boxes]
    return find_augmented_names([Source(photo.path or "", "", split=photo.split) for photo in used])
