"""The manifest: one JSON row per image, the contract between the builder and every reader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, Literal

from augbuild.core.files import is_safe_path, is_unicode
from augbuild.dataset.layout import STATE_FOLDER
from augbuild.errors import ManifestError
from augbuild.sources.dataset import SPLITS, Split

Origin = Literal["source", "augmented"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One manifest row; the fields stand in the row's order.

    `width` and `height` are in pixels, upright; `bytes` and `sha256` are those of the file; `variant` is None for
    originals; `fold` is left out of the row where it is None.
    """

    file_name: str
    label: int
    label_name: str
    split: Split
    origin: Origin
    variant: int | None
    source: str
    source_sha256: str
    group: str | None
    ops: tuple[Mapping[str, Any], ...]
    width: int
    height: int
    source_width: int
    source_height: int
    bytes: int
    sha256: str
    fold: int | None = None

    def to_row(self) -> dict[str, Any]:
        """Give the row as JSON would hold it."""
        row: dict[str, Any] = {name: getattr(self, name) for name in _FIELDS}
        row["ops"] = list(self.ops)
        if self.fold is None:
            del row["fold"]
        return row


_FIELDS = tuple(field.name for field in fields(Record))


def encode_row(record: Record) -> bytes:
    """Encode one row: UTF-8 JSON and a newline, the same bytes for the same record."""
    return (
        json.dumps(record.to_row(), ensure_ascii=False, separators=(", ", ": ")) + "\n"
    ).encode()


def read_manifest(path: Path) -> Iterator[Record]:
    """Read a manifest that augbuild made, row by row; raises ManifestError naming the row.

    Paths that are absolute, hold `..` or a backslash, or are otherwise not as augbuild writes them are refused.
    """
    with open_manifest(path) as file:
        for number, line in enumerate(file, start=1):
            yield parse_row(line, f"{path}: row {number}")


@contextmanager
def open_manifest(path: Path) -> Iterator[BinaryIO]:
    """Open a manifest to read its bytes; raises ManifestError, which says how to get one where there is none."""
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for ever
            raise ManifestError(f"{path} cannot be read: it is not a file")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise ManifestError(_missing(path)) from error
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from error


def _missing(path: Path) -> str:
    if (path.parent / STATE_FOLDER).is_dir():
        return f"{path.parent} holds a build that was not finished; run the same `augbuild make` again to finish it"
    return f"{path} does not exist; `augbuild make RECIPE` writes a manifest into its output folder"


def parse_row(line: bytes, where: str) -> Record:
    """Read one row; raises ManifestError, which begins with `where`."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{where} is not a line of JSON") from error
    if not isinstance(row, dict):
        raise ManifestError(f"{where} must be a JSON object")
    for name, (check, wanted) in _CHECKS.items():
        if name not in row and name != "fold":
            raise ManifestError(f"{where} lacks {name!r}")
        if not check(row.get(name)):
            raise ManifestError(
                f"{where}: {name} must be {wanted} (got {json.dumps(row.get(name))[:80]})"
            )
    if unknown := sorted(row.keys() - _CHECKS.keys()):
        raise ManifestError(f"{where} has a column that is not augbuild's: {unknown[0]!r}")
    return Record(**{**row, "ops": tuple(row["ops"])})


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_size(value: object) -> bool:
    return _is_count(value) and value != 0


def _is_text(value: object) -> bool:
    return isinstance(value, str) and is_unicode(value)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None


def _is_ops(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(op, dict) and isinstance(op.get("op"), str) for op in value
    )


_CHECKS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "file_name": (
        is_safe_path,
        "a relative path with forward slashes that stays below the manifest's folder",
    ),
    "label": (_is_count, "a class index"),
    "label_name": (_is_text, "a class name"),
    "split": (lambda value: value in SPLITS, "train, validation or test"),
    "origin": (lambda value: value in ("source", "augmented"), "source or augmented"),
    "variant": (lambda value: value is None or _is_count(value), "a number from 0, or null"),
    "source": (is_safe_path, "a relative path with forward slashes"),
    "source_sha256": (_is_hash, "a sha256 in lower-case hex"),
    "group": (lambda value: value is None or _is_text(value), "a text or null"),
    "ops": (_is_ops, "a list of ops"),
    "width": (_is_size, "a number of pixels"),
    "height": (_is_size, "a number of pixels"),
    "source_width": (_is_size, "a number of pixels"),
    "source_height": (_is_size, "a number of pixels"),
    "bytes": (_is_size, "a number of bytes"),
    "sha256": (_is_hash, "a sha256 in lower-case hex"),
    "fold": (lambda value: value is None or _is_count(value), "a fold number"),
}
