"""A table read whole: for each row its image, label, split and group."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from pathlib import Path

from augbuild.core.text import plural
from augbuild.errors import SourceError
from augbuild.sources.dataset import DEFAULT_OPTIONS, Source, SourceOptions, Split
from augbuild.sources.findings import Finding
from augbuild.sources.tables.columns import ChosenColumns, choose_columns
from augbuild.sources.tables.labels import LabelReader, read_label_map
from augbuild.sources.tables.locate import Locator
from augbuild.sources.tables.parquet import ImageWriter
from augbuild.sources.tables.rows import Cells, Rows, read_rows
from augbuild.sources.tables.splits import SplitReader

_LOOKED_AT = 200  # rows, to know columns by their values
_OF_MANIFESTS = {"source_sha256", "ops", "origin"}


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a table, row n at place n - 1; of rows that are boxes, one for each image.

    `names` are the paths as the table has them, `sources` are relative to `root`. `problems` has
    for each why its file cannot be read, or "", and `hint` how those may be found.
    """

    file: Path
    root: Path
    names: Sequence[str]
    sources: Sequence[Source]
    problems: Sequence[str]
    hint: str
    sha256: str
    findings: tuple[Finding, ...]


def read_listing(
    file: Path,
    folder: Path,
    options: SourceOptions = DEFAULT_OPTIONS,
    *,
    split: Split | None = None,
    ignore_splits: bool = False,
    images_to: ImageWriter | None = None,
) -> Listing:
    """Read a table of images, any number of rows; raises SourceError naming the row.

    Its paths are relative to the table, or to `options.images`, itself relative to `folder`, as is
    `options.labels`. `split` is that of all its rows, where the folder that it is in says so.
    `images_to` writes the images that are in it.
    """
    rows = read_rows(file, images_to)
    if _OF_MANIFESTS.issubset(rows.columns):
        advice = "its images are augmented already; give the folder that it was made from"
        raise SourceError(f"{file} is a manifest of augbuild: {advice}")
    first = list(islice(rows.cells, _LOOKED_AT))
    if not first:
        raise SourceError(f"{file} has no rows")
    chosen = choose_columns(file, rows.columns, first, options.columns)
    reader = _make_reader(file, folder, options, rows, chosen, split)
    if ignore_splits or split is not None:
        reader.splits = SplitReader(file, rows.columns, ())
    for number, cells in enumerate(chain(first, rows.cells), start=1):
        reader.read(number, cells)
    reader.splits.finish()
    findings = [*rows.findings, *chosen.findings, *reader.locator.findings()]
    findings += find_aliases(file, reader)
    root = reader.locator.base
    sources = reader.sources
    if reader.locator.escapes:
        root, sources = move_root(reader.locator.base, sources)
    hint = reader.locator.hint() if any(reader.problems) else ""
    names = reader.names
    problems = reader.problems
    return Listing(file, root, names, sources, problems, hint, rows.sha256, tuple(findings))


def _make_reader(
    file: Path,
    folder: Path,
    options: SourceOptions,
    rows: Rows,
    chosen: ChosenColumns,
    split: Split | None,
) -> _Reader:
    base = file.parent
    if options.images is not None:
        base = Path(os.path.normpath(folder / Path(options.images).expanduser()))
        if not base.is_dir():
            raise SourceError(f"{base} (images) is not a folder")
    names = None
    if options.labels is not None:
        names = read_label_map(folder / Path(options.labels).expanduser())
    elif chosen.label is not None and rows.columns[chosen.label] in rows.class_names:
        listed = rows.class_names[rows.columns[chosen.label]]
        names = {str(index): name for index, name in enumerate(listed)}
    return _Reader(
        file,
        rows.columns,
        chosen,
        split,
        Locator(base, options.suffix),
        LabelReader(file, rows.columns, chosen.label, chosen.one_hot, names),
        SplitReader(file, rows.columns, chosen.splits),
    )


class _Reader:
    """Reads row after row into lists of all of them."""

    def __init__(
        self,
        file: Path,
        columns: Sequence[str],
        chosen: ChosenColumns,
        split: Split | None,
        locator: Locator,
        labels: LabelReader,
        splits: SplitReader,
    ) -> None:
        self.file = file
        self.columns = columns
        self.chosen = chosen
        self.split = split
        self.locator = locator
        self.labels = labels
        self.splits = splits
        self.names: list[str] = []
        self.sources: list[Source] = []
        self.problems: list[str] = []
        self.file_ids = array("q")
        self.boxed: dict[str, tuple[str, int]] = {}

    def read(self, number: int, cells: Cells) -> None:
        """Read one row; raises SourceError."""
        name = cells[self.chosen.path]
        if isinstance(name, int) and not isinstance(name, bool):
            name = str(name)  # the number of an image, whose suffix is to be found
        if not isinstance(name, str) or not name.strip() or "\0" in name:
            column = self.columns[self.chosen.path]
            raise SourceError(f"{self.file}: row {number} has no path in {column!r}")
        label = self.labels.read(number, cells)
        split = self.splits.read(number, cells) or self.split
        group = None
        if self.chosen.group is not None:
            value = cells[self.chosen.group]
            group = None if value is None or value == "" else str(value)
        found = self.locator.find(name)
        # In a table of boxes an image has a row for each; they count once if they agree.
        if self.chosen.has_boxes and self.is_another_box(number, found.path, label):
            return
        self.problems.append(found.problem)
        self.names.append(name)
        self.sources.append(Source(found.path, label, split=split, group=group))
        self.file_ids.append(found.file_id)

    def is_another_box(self, number: int, path: str, label: str) -> bool:
        """Check whether an image has had a row before; raises SourceError for another label."""
        first, row = self.boxed.setdefault(path, (label, number))
        if first != label:
            raise SourceError(
                f"{self.file}: {path} has boxes of {first!r} and {label!r} (rows {row} and "
                f"{number}); an image can have one label only"
            )
        return row != number


def move_root(base: Path, sources: Sequence[Source]) -> tuple[Path, list[Source]]:
    """Make paths relative to the folder that all files are in."""
    full = [os.path.normpath(base / source.key) for source in sources]
    root = os.path.commonpath([os.path.dirname(path) for path in full])  # noqa: PTH120  # as above
    moved = []
    for path, source in zip(full, sources, strict=True):
        key = os.path.relpath(path, root)
        moved.append(Source(key, source.label, split=source.split, group=source.group))
    return Path(root), moved


def find_aliases(file: Path, reader: _Reader) -> Iterator[Finding]:
    """Find rows that are one file under other names; raises SourceError where labels differ."""
    ids = reader.file_ids
    sources = reader.sources
    if not any(ids):
        return
    # By an order of places, since a dictionary of a million files would take 100 MB.
    order = sorted(range(len(ids)), key=ids.__getitem__)
    aliases = []
    for earlier, later in pairwise(order):
        if ids[later] == 0 or ids[earlier] != ids[later]:
            continue
        first = sources[earlier]
        second = sources[later]
        if first.label != second.label:
            raise SourceError(_describe_conflict(file, reader, earlier, later))
        if first.key != second.key:
            aliases.append(reader.names[later])
    if aliases:
        yield Finding(
            kind="other",
            message=f"{plural(len(aliases), 'row')} with another name of a file that is listed",
            count=len(aliases),
            examples=tuple(aliases[:3]),
            advice="remove them, or what is tested may be trained on",
        )


def _describe_conflict(file: Path, reader: _Reader, earlier: int, later: int) -> str:
    first = reader.names[earlier]
    second = reader.names[later]
    one = reader.sources[earlier].label
    other = reader.sources[later].label
    rows = f"rows {earlier + 1} and {later + 1}"
    if first == second:
        what = f"{file}: {first} is listed twice ({rows})"
    else:
        what = f"{file}: {first} and {second} are one file ({rows})"
    return f"{what}, as {one!r} and as {other!r}; keep the row that is right"
