"""The manifest: one JSON row per image, the contract between the builder and every reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import msgspec
from msgspec import Meta

from augbuild.core.documents import decode, encode
from augbuild.core.files import is_safe_path
from augbuild.core.text import shorten
from augbuild.dataset.layout import AUGMENTED_FOLDER, STATE_FOLDER
from augbuild.errors import ManifestError
from augbuild.sources.dataset import Split

Origin = Literal["source", "augmented"]

# msgspec compares with 64-bit numbers, and so does every reader of Parquet or SQL.
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Size = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]

# The catalogue knows the parameters of an op: `pixels.apply` checks each before it is used.
AppliedOps = tuple[dict[str, object], ...]


class Record(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One manifest row; its fields have the order of the row.

    `width` and `height` are in pixels, upright; `bytes` and `sha256` are those of the file; `ops`
    are as applied, each `{"op": name, …parameters}`; `variant` is None for originals; a `fold` of
    None is left out of the row.
    """

    file_name: str
    label: Count
    label_name: str
    split: Split
    origin: Origin
    variant: Count | None
    source: str
    source_sha256: Sha256
    group: str | None
    ops: AppliedOps
    width: Size
    height: Size
    source_width: Size
    source_height: Size
    bytes: Size
    sha256: Sha256
    fold: Count | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a path that may leave its folder, and for an op without a name."""
        for name, path in (("file_name", self.file_name), ("source", self.source)):
            if not is_safe_path(path):
                got = shorten(json.dumps(path))
                raise ValueError(
                    f"{name} must be a relative path with forward slashes "
                    f"that stays below its folder (got {got})"
                )
        for op in self.ops:
            if not isinstance(op.get("op"), str):
                raise ValueError('ops must be a list of objects, each with a name under "op"')

    @property
    def folder(self) -> str:
        """Return the folder of the tree that the file belongs to: its split, or augmented_train."""
        return AUGMENTED_FOLDER if self.origin == "augmented" else self.split


def encode_row(record: Record) -> bytes:
    """Return one row as UTF-8 JSON and a newline; equal records give equal bytes."""
    return encode(record)


def parse_row(line: bytes, where: str) -> Record:
    """Read one row; raises ManifestError, whose message begins with `where`."""
    return decode(line, Record, where, ManifestError)


def read_manifest(path: Path) -> Iterator[Record]:
    """Read a manifest of augbuild row by row; raises ManifestError, which names the row.

    Rows end at a newline and nothing else: a name may contain other line separators of Unicode.
    Paths that are absolute or contain `..` or a backslash are refused.
    """
    with open_manifest(path) as file:
        for number, line in enumerate(file, start=1):
            yield parse_row(line, f"{path}: row {number}")


def find_record(path: Path, file_name: str) -> tuple[Record, Record]:
    """Find the row of a file and that of its original, which is before it; raises ManifestError."""
    original: Record | None = None
    for record in read_manifest(path):
        if record.origin == "source":
            original = record
        if record.file_name != file_name:
            continue
        if original is None or original.source != record.source:
            raise ManifestError(f"{path} has no row of its original ({record.source}) before it")
        return record, original
    raise ManifestError(f"{path} has no row for {file_name}")


@contextmanager
def open_manifest(path: Path) -> Iterator[BinaryIO]:
    """Open a manifest to read its bytes.

    Raises ManifestError; where there is no manifest, the message says how to get one.
    """
    try:
        if path.exists() and not path.is_file():  # opening a pipe would block
            raise ManifestError(f"{path} cannot be read: it is not a file")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        folder = path.parent
        if (folder / STATE_FOLDER).is_dir():
            how = "run the same `augbuild make` again to finish it"
            message = f"{folder} has a build that was not finished; {how}"
        else:
            how = "`augbuild make RECIPE` writes a manifest into its output folder"
            message = f"{path} does not exist; {how}"
        raise ManifestError(message) from error
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from error
