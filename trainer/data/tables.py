"""Tables of images: a manifest of augbuild, anyone's table, or a folder of class folders."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from augbuild.core.files import hash_bytes
from augbuild.dataset.layout import MANIFEST_NAME, STATE_FOLDER
from augbuild.dataset.manifest import read_manifest
from augbuild.errors import ManifestError, SourceError, TableError
from augbuild.sources.folder import IMAGE_EXTENSIONS
from augbuild.sources.open import open_source
from trainer.data.samples import Sample, Split, Table

_PATH_COLUMNS = ("file_name", "path", "image", "filename", "image_path", "file")
_LABEL_COLUMNS = ("label_name", "label", "class", "class_name", "target", "category")
_SPLITS: Mapping[str, Split] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
_NAMES_IN_FOLDERS = (
    MANIFEST_NAME,
    # Hugging Face's image folders have these.
    "metadata.csv",
    "metadata.tsv",
    "metadata.jsonl",
    "metadata.parquet",
)

# A row of a stranger's table: any columns, any values, so each is checked where it is used.
Row = Mapping[str, object]


def read_table(path: Path) -> Table:
    """Read an augbuild manifest, a CSV, TSV, JSONL or Parquet table, or a folder.

    A table needs a column of paths (relative to it, or absolute) and one of labels, and may have
    one of splits. A folder has such a file (manifest.jsonl, metadata.*), or a folder of images for
    each class. Raises TableError.
    """
    if path.is_dir():
        return _read_folder(path)
    if path.suffix.lower() not in _TABLES:
        raise TableError(f"{path} is not a manifest: expected {', '.join(_TABLES)} or a folder")
    content = _read_bytes(path)
    rows = list(_read_rows(path, content))
    if not rows:
        raise TableError(f"{path} has no rows")
    if {"source_sha256", "ops", "origin"} <= rows[0].keys():
        return _make_manifest_table(path, hash_bytes(content))
    return _make_table(path, rows, hash_bytes(content))


def _read_folder(path: Path) -> Table:
    """Read the table in a folder, else the folder itself."""
    for name in _NAMES_IN_FOLDERS:
        file = path / name
        if file.is_file():
            return read_table(file)
    if _is_unfinished(path):
        raise TableError(f"{path} holds an unfinished build; run the same `augbuild make` again")
    try:
        dataset = open_source(str(path), Path())
    except SourceError as error:
        raise TableError(str(error)) from error
    samples = []
    for row, source in enumerate(dataset.sources, start=1):
        image = path / source.path
        sample = Sample(image, source.path, source.label, source.split, row)
        samples.append(sample)
    listing = "\n".join(sample.name for sample in samples)
    sha256 = hash_bytes(listing.encode())  # of the names alone: a folder may have millions
    return Table(path, tuple(samples), dataset.classes, sha256)


def _is_unfinished(folder: Path) -> bool:
    """Check whether a build that has no manifest yet left its state in a folder."""
    state = folder / STATE_FOLDER
    return state.is_dir()


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        hint = ""
        if path.name == MANIFEST_NAME and _is_unfinished(path.parent):
            hint = "; the build is unfinished: run the same `augbuild make` again"
        raise TableError(f"{path} does not exist{hint}") from error
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from error


def _read_rows(path: Path, content: bytes) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from _read_parquet(path)
        return
    try:
        text = content.decode("utf-8-sig")  # spreadsheets begin with a byte order mark
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 text") from error
    if suffix == ".jsonl":
        yield from _read_json_lines(path, text)
        return
    try:
        # The csv module splits lines itself: a quoted name may hold line ends of its own.
        lines = io.StringIO(text, newline="")
        yield from csv.DictReader(lines, delimiter=_DELIMITERS[suffix], strict=True)
    except csv.Error as error:
        raise TableError(f"{path} is not a table of {suffix} rows: {error}") from error


def _read_json_lines(path: Path, text: str) -> Iterator[Row]:
    # str.splitlines would also cut at U+2028, which may stand in a JSON text as it is.
    for number, line in enumerate(io.StringIO(text), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise TableError(f"{path}: row {number} is not a line of JSON") from error
        if not isinstance(row, dict):
            raise TableError(f"{path}: row {number} must be a JSON object")
        yield row


def _read_parquet(path: Path) -> Sequence[Row]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise TableError(
            f"{path}: reading Parquet needs pyarrow; pip install 'augbuild[hf]'"
        ) from error
    try:
        rows: list[Row] = pyarrow.parquet.read_table(path).to_pylist()
    except (OSError, ValueError) as error:
        raise TableError(f"{path} is not a Parquet file that can be read") from error
    return rows


def _make_manifest_table(path: Path, sha256: str) -> Table:
    """Build the table of an augbuild manifest, whose reader checks every row itself."""
    samples, names = [], {}
    try:
        for row, record in enumerate(read_manifest(path), start=1):
            names[record.label] = record.label_name
            sample = Sample(
                path=path.parent / record.file_name,
                name=record.file_name,
                label=record.label_name,
                split=record.split,
                row=row,
                augmented=record.origin == "augmented",
                variant=-1 if record.variant is None else record.variant,
                source=record.source,
                size=record.bytes,
                sha256=record.sha256,
                group=record.group,
                fold=record.fold,
            )
            samples.append(sample)
    except ManifestError as error:
        raise TableError(str(error)) from error
    labels = sorted(names)
    classes = tuple(names[label] for label in labels)
    if labels != list(range(len(names))) or len(set(classes)) != len(classes):
        raise TableError(f"{path}: its labels and label names do not match")
    return Table(path, tuple(samples), classes, sha256)


def _make_table(path: Path, rows: Sequence[Row], sha256: str) -> Table:
    """Build the table of anyone's rows, whose columns are found by their usual names."""
    path_column = _find_column(path, rows[0], _PATH_COLUMNS, "image paths")
    label_column = _find_column(path, rows[0], _LABEL_COLUMNS, "labels")
    split_column = _columns(rows[0]).get("split")
    samples = []
    for number, row in enumerate(rows, start=1):
        where = f"{path}: row {number}"
        name = row.get(path_column)
        label = row.get(label_column)
        if not isinstance(name, str) or not name or "\0" in name:
            raise TableError(f"{where} has no path in {path_column!r}")
        if not isinstance(label, str | int) or label == "":
            raise TableError(f"{where} has no label in {label_column!r}")
        split = None
        if split_column is not None:
            split = _parse_split(row.get(split_column), where)
        image = path.parent / name
        sample = Sample(image, name, str(label), split, number)
        samples.append(sample)
    labels = {sample.label for sample in samples}
    classes = sorted(labels)  # as torchvision does
    if all(label.isdecimal() for label in labels):
        classes.sort(key=int)
    return Table(path, tuple(samples), tuple(classes), sha256)


def _find_column(path: Path, row: Row, known: Sequence[str], what: str) -> str:
    columns = _columns(row)
    for name in known:
        if name in columns:
            return columns[name]
    expected, got = ", ".join(known), ", ".join(columns.values())
    raise TableError(f"{path} has no column with {what}: expected one of {expected} (got {got})")


def _columns(row: Row) -> dict[str, str]:
    """Return the names of a row's columns, by their lower case."""
    return {str(name).lower(): str(name) for name in row}


def _parse_split(value: object, where: str) -> Split | None:
    if value is None or value == "":
        return None
    name = str(value).lower()
    if name not in _SPLITS:
        raise TableError(f"{where}: split must be train, validation or test (got {value!r:.60})")
    return _SPLITS[name]


def images_below(paths: Iterable[Path]) -> list[Path]:
    """Return the given files, and of folders all images below them.

    Raises TableError for a path that is neither, and where there is no image at all.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            for each in sorted(path.rglob("*")):
                suffix = each.suffix.lower()
                if suffix in IMAGE_EXTENSIONS and each.is_file():
                    found.append(each)
        elif path.is_file():
            found.append(path)
        else:
            raise TableError(f"{path} does not exist")
    if not found:
        raise TableError("no images were found there")
    return found
