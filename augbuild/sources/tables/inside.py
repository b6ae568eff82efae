"""Tables in a folder of images: beside them, or one in each split folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from augbuild.errors import SourceError
from augbuild.sources.dataset import DEFAULT_OPTIONS, Source, SourceOptions, Split
from augbuild.sources.tables.columns import LABELS, PATHS
from augbuild.sources.tables.listing import Listing, read_listing
from augbuild.sources.tables.rows import read_rows
from augbuild.sources.tables.splits import NAMES, fold_split

# Hugging Face's names, then Roboflow's.
_TABLE_NAMES = (
    "metadata.csv",
    "metadata.tsv",
    "metadata.jsonl",
    "metadata.parquet",
    "_classes.csv",
    "_annotations.csv",
)


def find_tables(folder: Path) -> dict[Path, Split | None]:
    """Find the tables that describe the images of a folder, each with the split that it is of.

    That is one in the folder itself, else one in each folder that is named for a split.
    """
    own = _find_table(folder)
    if own is not None:
        return {own: None}
    tables: dict[Path, Split | None] = {}
    try:
        below = sorted(folder.iterdir())
    except OSError:
        return {}  # whoever opens the folder says so
    for path in below:
        split = NAMES.get(fold_split(path.name))
        if split is None or not path.is_dir():
            continue
        table = _find_table(path)
        if table is not None:
            tables[table] = split
    return tables


def _find_table(folder: Path) -> Path | None:
    """Find a table of a usual name that has paths and, unless it is one-hot, labels."""
    for name in _TABLE_NAMES:
        path = folder / name
        if not path.is_file():
            continue
        try:
            columns = read_rows(path).columns
        except SourceError:
            continue
        folded = {column.strip().casefold().replace(" ", "_") for column in columns}
        has_labels = name == "_classes.csv" or not folded.isdisjoint(LABELS)
        if has_labels and not folded.isdisjoint(PATHS):
            return path
    return None


def read_listings_of(
    path: Path,
    folder: Path,
    options: SourceOptions = DEFAULT_OPTIONS,
    *,
    ignore_splits: bool = False,
) -> list[Listing]:
    """Read a table, or the tables in a folder; all have one root. Raises SourceError."""
    if not path.is_dir():
        return [read_listing(path, folder, options, ignore_splits=ignore_splits)]
    listings = []
    for table, split in find_tables(path).items():
        listing = read_listing(
            table,
            folder,
            options,
            split=None if ignore_splits else split,
            ignore_splits=ignore_splits,
        )
        if split is not None:
            listing = _below(listing, path, keeps_splits=not ignore_splits)
        listings.append(listing)
    return listings


def _below(listing: Listing, root: Path, *, keeps_splits: bool) -> Listing:
    """Make the paths of a split's table relative to the folder of all splits."""
    try:
        folder = listing.root.relative_to(root).as_posix()
    except ValueError as error:
        message = f"{listing.file} names files outside {root}; give the table of each split alone"
        raise SourceError(message) from error
    if folder == ".":
        return replace(listing, root=root)
    sources = []
    for source in listing.sources:
        if keeps_splits:
            moved = replace(source, folder=folder)
        else:
            moved = Source(f"{folder}/{source.key}", source.label, group=source.group)
        sources.append(moved)
    return replace(listing, root=root, sources=tuple(sources))
