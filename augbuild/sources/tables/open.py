"""Open a table of images as a source dataset."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from augbuild.core.files import is_safe_path
from augbuild.core.text import plural, shorten
from augbuild.errors import SourceError
from augbuild.sources.dataset import (
    DEFAULT_OPTIONS,
    Rejected,
    Source,
    SourceDataset,
    SourceOptions,
)
from augbuild.sources.findings import Finding
from augbuild.sources.originals import FolderOriginals
from augbuild.sources.tables.inside import read_listings_of
from augbuild.sources.tables.listing import Listing
from augbuild.sources.tables.rows import looks_like_image

_NAMED = 10  # of the files that cannot be found
_LONGEST_LABEL = 200  # in bytes: a class is a folder


def open_table(
    path: Path,
    folder: Path,
    options: SourceOptions = DEFAULT_OPTIONS,
    *,
    ignore_existing: bool = False,
) -> SourceDataset:
    """Open a table, or the tables in a folder of splits, as a dataset.

    A row whose file cannot be read is rejected. Raises SourceError naming the row, and where none
    of the files is there.
    """
    listings = read_listings_of(path, folder, options, ignore_splits=ignore_existing)
    sources: list[Source] = []
    rejected: list[Rejected] = []
    findings: list[Finding] = []
    for listing in listings:
        findings += listing.findings
        check_any_found(listing)
        check_no_repeats(listing)
        kept, refused = _sort_out(listing)
        sources += kept
        rejected += refused
    sources.sort(key=lambda source: source.path)
    root = listings[0].root
    return SourceDataset(
        root=root,
        originals=FolderOriginals(root),
        identity=str(path.resolve()),
        classes=tuple(sorted({source.label for source in sources})),
        sources=tuple(sources),
        rejected=tuple(rejected),
        findings=tuple(findings),
    )


def describe_missing(listing: Listing) -> str:
    """Describe a table whose files cannot be read: how many, the first ten, and what to do."""
    first = listing.problems[:_NAMED]
    named = [f"row {n + 1}: {listing.names[n]} {why}" for n, why in enumerate(first)]
    more = len(listing.names) - len(first)
    others = f"; and {more:,} more" if more > 0 else ""
    files = plural(len(listing.names), "file")
    return f"{listing.file}: {files} cannot be read: {'; '.join(named)}{others}; {listing.hint}"


def check_any_found(listing: Listing) -> None:
    """Raise SourceError where not one file of a table can be read."""
    if all(listing.problems):
        raise SourceError(describe_missing(listing))


def _sort_out(listing: Listing) -> tuple[list[Source], list[Rejected]]:
    """Return the sources that can be used, and those that cannot."""
    sources = []
    rejected = []
    labels: set[str] = set()
    for number, source in enumerate(listing.sources, start=1):
        if source.label not in labels:
            _check_label(listing.file, number, source.label)
            labels.add(source.label)
        problem = listing.problems[number - 1]
        if not is_safe_path(source.path):  # no manifest could name it
            shown = source.path.encode("utf-8", "surrogateescape").decode(errors="backslashreplace")
            why = "the name is not valid UTF-8, holds a backslash or starts like a drive; rename it"
            rejected.append(Rejected(shown, "bad_name", why))
        elif problem:
            rejected.append(Rejected(source.path, "unreadable", problem))
        elif not looks_like_image(source.key):
            why = "its extension is not that of an image"
            rejected.append(Rejected(source.path, "bad_name", why))
        else:
            sources.append(source)
    return sources, rejected


def check_no_repeats(listing: Listing) -> None:
    """Raise SourceError for a path that two rows have."""
    # Sorted, since a dictionary of a million paths would take 100 MB.
    paths = sorted(source.path for source in listing.sources)
    for earlier, later in pairwise(paths):
        if earlier == later:
            rows = []
            for number, source in enumerate(listing.sources, start=1):
                if source.path == later:
                    rows.append(number)
            where = f"rows {rows[0]} and {rows[1]}"
            raise SourceError(f"{listing.file}: {later} is listed twice ({where})")


def _check_label(file: Path, number: int, label: str) -> None:
    """Raise SourceError for a label that cannot be the name of a folder."""
    is_name = is_safe_path(label) and "/" not in label and not label.startswith(".")
    if not is_name or len(label.encode()) > _LONGEST_LABEL or not label.isprintable():
        raise SourceError(
            f"{file}: row {number} has the label {shorten(label)!r}, which cannot be a folder; "
            "map it to a name that can with --labels MAP.json"
        )
