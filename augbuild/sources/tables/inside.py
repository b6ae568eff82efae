"""Tables in a folder: beside the images, one in each split folder, or shards of Parquet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from augbuild.core.files import hash_bytes, size_and_mtime
from augbuild.errors import SourceError
from augbuild.sources.dataset import DEFAULT_OPTIONS, Source, SourceOptions, Split
from augbuild.sources.tables.columns import LABELS, PATHS
from augbuild.sources.tables.listing import Listing, read_listing
from augbuild.sources.tables.parquet import ImageWriter, table_cache
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


_SHARD = re.compile(
    r"(?P<split>.+?)-(?P<index>[0-9]{5})-of-(?P<count>[0-9]{5})(-[0-9a-f]+)?\.parquet", re.ASCII
)


def find_tables(folder: Path) -> dict[Path, Split | None]:
    """Find the tables that describe the images of a folder, each with the split that it is of.

    That is one in the folder itself, else one in each folder that is named for a split, else the
    shards of Hugging Face's Parquet, `data/train-00000-of-00003.parquet`.
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
    if tables:
        return tables
    shards = sorted([*folder.glob("*.parquet"), *folder.glob("data/*.parquet")])
    shards = [path for path in shards if _SHARD.fullmatch(path.name)]
    splits = {_split_of_shard(path) for path in shards}
    # Shards of train alone are no split: whoever builds divides them as the recipe says.
    is_split = len(splits) > 1
    return {path: NAMES.get(_split_of_shard(path)) if is_split else None for path in shards}


def _split_of_shard(path: Path) -> str:
    """Return the name of the split that a shard is of, as NAMES has it."""
    match = _SHARD.fullmatch(path.name)
    return fold_split(match["split"]) if match else ""


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
    tables = find_tables(path)
    if any(_SHARD.fullmatch(table.name) for table in tables):
        return _read_shards(path, folder, options, tables, ignore_splits=ignore_splits)
    for table, split in tables.items():
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


def _read_shards(
    path: Path,
    folder: Path,
    options: SourceOptions,
    tables: Mapping[Path, Split | None],
    *,
    ignore_splits: bool,
) -> list[Listing]:
    """Read the shards of a dataset as one table; the images in them go into one folder a split."""
    _check_shards(path, tables)
    lines = []
    for shard in tables:
        size, mtime_ns = size_and_mtime(shard)
        lines.append(f"{shard.resolve()}\0{size}\0{mtime_ns}")
    key = hash_bytes("\n".join(lines).encode(errors="surrogateescape"))
    cache = table_cache(path) / key[:32]
    writers: dict[str, ImageWriter] = {}
    listings = []
    for shard, split in tables.items():
        name = split or "images"
        # One writer for all shards of a split: a name may come in several of them.
        writer = writers.setdefault(name, ImageWriter(cache / name))
        kept = None if ignore_splits else split
        listing = read_listing(
            shard, folder, options, split=kept, ignore_splits=ignore_splits, images_to=writer
        )
        root = cache if listing.root.is_relative_to(cache) else path
        listings.append(_below(listing, root, keeps_splits=kept is not None))
    return listings


def _check_shards(path: Path, tables: Mapping[Path, Split | None]) -> None:
    """Raise SourceError where a shard is missing, or where a split is none that we know."""
    numbers: dict[tuple[str, int], set[int]] = {}
    for shard, split in tables.items():
        match = _SHARD.fullmatch(shard.name)
        if match is None:
            continue
        name = match["split"]
        if split is None and len({_split_of_shard(each) for each in tables}) > 1:
            raise SourceError(
                f"{path} has Parquet files of {name!r}, which is not train, validation or test; "
                "give the file of one split, or move these elsewhere"
            )
        numbers.setdefault((name, int(match["count"])), set()).add(int(match["index"]))
    for (name, count), there in numbers.items():
        missing = sorted(set(range(count)) - there)
        if missing:
            listed = ", ".join(map(str, missing[:10]))
            raise SourceError(
                f"{path} has {len(there):,} of the {count:,} Parquet files of {name!r}; download "
                f"the others, too (number {listed})"
            )


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
