"""The rows of a table, one by one, in any of the formats that tables come in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from augbuild.core.files import hash_bytes
from augbuild.errors import SourceError
from augbuild.sources.findings import Finding
from augbuild.sources.folder import IMAGE_EXTENSIONS
from augbuild.sources.tables.content import as_utf8, hash_table, read_table_bytes
from augbuild.sources.tables.parquet import ImageWriter, read_parquet

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".lst", ".json", ".jsonl", ".ndjson", ".parquet")
"""How the names of tables end, in any case."""

_SEPARATORS = (",", "\t", ";", "|")
_SPLIT_CELLS = frozenset({"train", "training", "validation", "val", "test", "unassigned"})
_LIST_HEADS = frozenset({"path", "file", "filename", "file_name", "image", "name", "id"})

Cells = Sequence[object]
"""The values of one row, of whatever type its format has, in the order of the columns."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table whose rows can be read once, in order; they are counted from 1 without the header.

    `class_names` are those that a column's numbers stand for, where the file says so.
    """

    columns: tuple[str, ...]
    cells: Iterator[Cells]
    sha256: str
    class_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def read_rows(path: Path, images_to: ImageWriter | None = None) -> Rows:
    """Open a table file of any format; raises SourceError, also later, while rows are read."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        sha256 = hash_table(path)  # not read whole: images may be in it
        table = read_parquet(path, sha256, images_to)
        return Rows(table.columns, table.cells, sha256, table.class_names)
    data = read_table_bytes(path)
    content = as_utf8(path, data)
    if suffix in {".json", ".jsonl", ".ndjson"}:
        columns, cells = _read_json(path, content.utf8)
    else:
        columns, cells = _read_text(path, content.utf8)
    return Rows(columns, cells, hash_bytes(data), findings=content.findings)


def looks_like_image(value: object) -> bool:
    """Check whether a value is the name of an image file, by its extension."""
    if not isinstance(value, str):
        return False
    name = value.rstrip()
    dot = name.rfind(".")  # PurePosixPath(value).suffix takes twenty times as long
    return dot > 0 and name[dot - 1] != "/" and name[dot:].lower() in IMAGE_EXTENSIONS


def _read_text(path: Path, content: bytes) -> tuple[tuple[str, ...], Iterator[Cells]]:
    if not (content := _skip_comments(content)):
        raise SourceError(f"{path} has no rows")
    with _lines(content) as lines:
        first = lines.readline().rstrip("\r\n")
    separator = find_separator(first)
    if separator is None:
        rows = _split_words(path, content)
        head = ["path", "label"]
        has_header = first.split()[0].lower() in _LIST_HEADS
    else:
        rows = _split_cells(path, content, separator)
        head = next(csv.reader([first], delimiter=separator))
        has_header = not any(looks_like_image(cell) for cell in head)
    if not has_header:
        names = name_columns(head)
        return names, _check_widths(path, rows, names)
    header = next(rows)
    names = tuple(name.strip() for name in header)
    return names, _check_widths(path, rows, names)


def _skip_comments(content: bytes) -> bytes:
    """Return the text without the blank lines and comments that it begins with."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start) + 1 or len(content)
        line = content[start:end]
        if line.strip() and not line.startswith(b"#"):
            return content[start:]  # the same object, not a copy, from 0
        start = end
    return b""


def _lines(content: bytes) -> io.TextIOWrapper:
    # The csv module splits lines itself: a quoted name may hold line ends of its own.
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")


def find_separator(line: str) -> str | None:
    """Return the separator that cuts a line into most cells; None where none cuts it."""
    most, found = 1, None
    for separator in _SEPARATORS:
        width = len(next(csv.reader([line], delimiter=separator)))
        if width > most:
            most, found = width, separator
    return found


def _split_cells(path: Path, content: bytes, separator: str) -> Iterator[list[str]]:
    reader = csv.reader(_lines(content), delimiter=separator, strict=True)
    try:
        for row in reader:
            if row:  # not a blank line
                yield row
    except csv.Error as error:
        kind = path.suffix.lower()
        message = f"{path} is not a table of {kind} rows: line {reader.line_num}: {error}"
        raise SourceError(message) from error


def _split_words(path: Path, content: bytes) -> Iterator[list[str]]:
    """Split the lines of a list, `path label`; the path may have blanks of its own."""
    lines = (line for line in content.decode().split("\n") if line.strip() and line[0] != "#")
    for number, line in enumerate(lines, start=1):
        words = line.strip().rsplit(maxsplit=1)
        if len(words) < 2:
            message = f"{path}: row {number} has one word; a path and a label are expected"
            raise SourceError(message)
        yield words


def name_columns(first: Sequence[str]) -> tuple[str, ...]:
    """Name the columns of a table without a header, by what its first row has."""
    names: list[str] = []
    for number, cell in enumerate(first, start=1):
        if looks_like_image(cell) and "path" not in names:
            names.append("path")
        elif cell.strip().lower() in _SPLIT_CELLS and "split" not in names:
            names.append("split")
        elif "label" not in names:
            names.append("label")
        else:
            names.append(f"column {number}")
    # Names without an extension: nothing tells them from labels but their place.
    if "path" not in names and len(first) == 2:
        return "path", "label"
    return tuple(names)


def _check_widths(
    path: Path, rows: Iterator[list[str]], names: tuple[str, ...]
) -> Iterator[list[str]]:
    """Check that each row has a cell for each column; raises SourceError naming the row."""
    width = len(names)
    folded = [name.casefold() for name in names]
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            surplus = row[width:]
            if any(surplus):
                raise SourceError(
                    f"{path}: row {number} has {len(row)} fields, the header {width}; "
                    "put a field that has the separator in it in double quotes"
                )
            row = [*row[:width], *[""] * (width - len(row))]
        # Tables that were put together carry the header again.
        elif (
            row[0].strip().casefold() == folded[0]
            and [cell.strip().casefold() for cell in row] == folded
        ):
            raise SourceError(f"{path}: row {number} repeats the header; remove it")
        yield row


def _read_json(path: Path, content: bytes) -> tuple[tuple[str, ...], Iterator[Cells]]:
    start = content.lstrip()[:1]
    documents: list[object] | None = None
    # One document with all rows, unlike .jsonl, which has a document a line.
    if start == b"[" and path.suffix.lower() == ".json":
        try:
            documents = msgspec.json.decode(content, type=list[object])
        except msgspec.DecodeError as error:
            raise SourceError(f"{path} is not JSON: {error}") from error
    elif start == b"{" and path.suffix.lower() == ".json":
        documents = _decode_mapping(content)
    columns: dict[str, None] = {}
    # Read twice: a key may be missing from the first rows, and all rows at once are too large.
    for row in _json_rows(path, content, documents):
        columns.update(dict.fromkeys(row))
    if not columns:
        raise SourceError(f"{path} has no rows")
    names = tuple(columns)

    def cells() -> Iterator[Cells]:
        for row in _json_rows(path, content, documents):
            yield [row.get(name) for name in names]

    return names, cells()


def _json_rows(
    path: Path, content: bytes, documents: Iterable[object] | None
) -> Iterator[dict[str, object]]:
    if documents is None:
        documents = _decode_lines(path, content)
    for number, document in enumerate(documents, start=1):
        if not isinstance(document, dict):
            raise SourceError(f"{path}: row {number} must be a JSON object")
        yield document


def _decode_lines(path: Path, content: bytes) -> Iterator[object]:
    number = 0
    for line in io.BytesIO(content):
        if not line.strip():
            continue
        number += 1
        try:
            yield _decode(line)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{path}: row {number} is not a line of JSON") from error


def _decode_mapping(content: bytes) -> list[object] | None:
    """Return the rows of a JSON object of paths with their labels; None for any other object."""
    try:
        document = _decode(content)
    except (ValueError, RecursionError):
        return None  # perhaps one object a line
    if not isinstance(document, dict) or not all(map(looks_like_image, document)):
        return None
    return [{"path": path, "label": label} for path, label in document.items()]


def _decode(content: bytes) -> object:
    try:
        return msgspec.json.decode(content, type=object)
    except msgspec.DecodeError:  # Python's own reader also takes NaN, which pandas writes
        document: object = json.loads(content)
        return document
