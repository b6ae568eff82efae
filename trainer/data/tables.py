"""Read a manifest of augbuild, a table of anyone else, or a folder of class folders."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from augbuild.dataset.layout import MANIFEST_NAME, STATE_FOLDER
from augbuild.dataset.manifest import read_manifest
from augbuild.errors import ManifestError, SourceError, TableError
from augbuild.sources.folder import IMAGE_EXTENSIONS
from augbuild.sources.open import open_source
from trainer.data.samples import Sample, Split, Table

_PATHS = ("file_name", "path", "image", "filename", "image_path", "file")
_LABELS = ("label_name", "label", "class", "class_name", "target", "category")
_SPLITS: Mapping[str, Split] = {
    "train": "train", "training": "train", "validation": "validation", "val": "validation", "valid": "validation",
    "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_TABLES = (".csv", ".tsv", ".jsonl", ".parquet")


def read_table(path: Path) -> Table:
    """Read what `path` is: an augbuild manifest, a CSV, TSV, JSONL or Parquet table, or a folder; raises TableError.

    A table needs a column with paths (relative to it, or absolute) and one with labels; one with splits is used where
    there is one. A folder holds such a file (manifest.jsonl, metadata.*), or a folder of images for each class.
    """
    if path.is_dir():
        found = [path / MANIFEST_NAME, *(path / f"metadata{suffix}" for suffix in _TABLES)]
        file = next((each for each in found if each.is_file()), None)
        if file is None and (path / STATE_FOLDER).is_dir():
            raise TableError(
                f"{path} holds a build that was not finished; run the same `augbuild make` again"
            )
        return _read_folder(path) if file is None else read_table(file)
    if path.suffix.lower() not in _TABLES:
        raise TableError(f"{path} is no manifest: expected {', '.join(_TABLES)} or a folder")
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        hint = (
            "; the build was not finished: run the same `augbuild make` again"
            if _unfinished(path)
            else ""
        )
        raise TableError(f"{path} does not exist{hint}") from error
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    rows = list(_rows(path, content))
    if not rows:
        raise TableError(f"{path} has no rows")
    if {"source_sha256", "ops", "origin"} <= rows[0].keys():
        return _read_manifest(path, sha256)
    return _read_rows(path, rows, sha256)


def _unfinished(path: Path) -> bool:
    return path.name == MANIFEST_NAME and (path.parent / STATE_FOLDER).is_dir()


def _read_manifest(path: Path, sha256: str) -> Table:
    samples, names = [], {}
    try:
        for row, record in enumerate(read_manifest(path), start=1):
            names[record.label] = record.label_name
            samples.append(
                Sample(
                    path.parent / record.file_name, record.file_name, record.label_name, record.split, row,
                    augmented=record.origin == "augmented", variant=-1 if record.variant is None else record.variant,
                    source=record.source, size=record.bytes, sha256=record.sha256, group=record.group, fold=record.fold,
                )
            )  # fmt: skip
    except ManifestError as error:
        raise TableError(str(error)) from error
    if sorted(names) != list(range(len(names))) or len(set(names.values())) != len(names):
        raise TableError(f"{path}: its labels and label names don't go together")
    return Table(path, tuple(samples), tuple(names[label] for label in sorted(names)), sha256)


def _read_folder(path: Path) -> Table:
    try:
        dataset = open_source(str(path), Path())
    except SourceError as error:
        raise TableError(str(error)) from error
    samples = tuple(
        Sample(path / source.path, source.path, source.label, source.split, row)
        for row, source in enumerate(dataset.sources, start=1)
    )
    names = "\n".join(sample.name for sample in samples)
    return Table(path, samples, dataset.classes, hashlib.sha256(names.encode()).hexdigest())


def _rows(path: Path, content: bytes) -> Iterator[dict[str, Any]]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from _parquet(path)
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 text") from error
    if suffix == ".jsonl":
        yield from _json_lines(path, text)
        return
    try:
        yield from csv.DictReader(text.splitlines(), delimiter=_DELIMITERS[suffix], strict=True)
    except csv.Error as error:
        raise TableError(f"{path} is not a table of {suffix} rows: {error}") from error


def _json_lines(path: Path, text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise TableError(f"{path}: row {number} is not a line of JSON") from error
        if not isinstance(row, dict):
            raise TableError(f"{path}: row {number} must be a JSON object")
        yield row


def _parquet(path: Path) -> Iterable[dict[str, Any]]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise TableError(
            f"{path}: reading Parquet needs pyarrow; pip install 'augbuild[hf]'"
        ) from error
    try:
        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    except (OSError, ValueError) as error:
        raise TableError(f"{path} is not a Parquet file that can be read") from error
    return rows


def _read_rows(path: Path, rows: list[dict[str, Any]], sha256: str) -> Table:
    place, label = (
        _column(path, rows[0], _PATHS, "image paths"),
        _column(path, rows[0], _LABELS, "labels"),
    )
    split = next((name for name in rows[0] if str(name).lower() == "split"), None)
    samples = []
    for number, row in enumerate(rows, start=1):
        where, name = f"{path}: row {number}", row.get(place)
        if not isinstance(name, str) or not name or "\0" in name:
            raise TableError(f"{where} has no path in {place!r}")
        if row.get(label) in (None, "") or not isinstance(row[label], str | int):
            raise TableError(f"{where} has no label in {label!r}")
        samples.append(
            Sample(path.parent / name, name, str(row[label]), _split(row, split, where), number)
        )
    return Table(path, tuple(samples), _in_order({sample.label for sample in samples}), sha256)


def _column(path: Path, row: Mapping[str, Any], known: Iterable[str], what: str) -> str:
    by_name = {str(name).lower(): name for name in row}
    for name in known:
        if name in by_name:
            return str(by_name[name])
    raise TableError(
        f"{path} has no column with {what}: expected one of {', '.join(known)} (got {', '.join(map(str, row))})"
    )


def _split(row: Mapping[str, Any], column: str | None, where: str) -> Split | None:
    if column is None or row.get(column) in (None, ""):
        return None
    value = str(row[column]).lower()
    if value not in _SPLITS:
        raise TableError(
            f"{where}: split must be train, validation or test (got {row[column]!r:.60})"
        )
    return _SPLITS[value]


def _in_order(labels: set[str]) -> tuple[str, ...]:
    """Sort class names as torchvision does, numbers by their value."""
    if all(label.isdecimal() for label in labels):
        return tuple(sorted(labels, key=int))
    return tuple(sorted(labels))


def images_below(paths: Iterable[Path]) -> list[Path]:
    """Expand folders to the images below them; raises TableError for what is neither."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(
                each
                for each in path.rglob("*")
                if each.suffix.lower() in IMAGE_EXTENSIONS and each.is_file()
            )
        elif path.is_file():
            found.append(path)
        else:
            raise TableError(f"{path} does not exist")
    if not found:
        raise TableError("no images were found there")
    return found
