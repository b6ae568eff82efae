"""Parquet tables, as pandas writes them and as Hugging Face does, with the images in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from augbuild.core.files import hash_bytes, size_and_mtime, write_atomic
from augbuild.errors import SourceError

_ROWS_AT_A_TIME = 10_000
_IMAGES_AT_A_TIME = 64  # of a few MB each
_MAGIC = {
    b"\xff\xd8": ".jpg",
    b"\x89PNG": ".png",
    b"RIFF": ".webp",
    b"BM": ".bmp",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
}


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """What a Parquet file has: its columns, its rows, and what its numbers stand for."""

    columns: tuple[str, ...]
    cells: Iterator[Sequence[object]]
    class_names: Mapping[str, Sequence[str]]


def read_parquet(path: Path, sha256: str) -> ParquetRows:
    """Open a Parquet file; raises SourceError.

    A column of images, `{bytes, path}` as in Hugging Face's datasets, is read as the paths of
    files: the bytes are written once into the user's cache folder, which `sha256` names.
    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise SourceError(
            f"{path}: reading Parquet needs pyarrow; pip install 'augbuild[hf]'"
        ) from error
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} is not a Parquet file that can be read") from error
    schema = file.schema_arrow
    images = set()
    for name in schema.names:
        kind = schema.field(name).type
        if pyarrow.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            images.add(name)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "augbuild" / "tables" / sha256[:32]
    cells = _read_cells(path, file, images, folder)
    return ParquetRows(tuple(schema.names), cells, find_class_names(schema.metadata or {}))


# Any: pyarrow has no types of its own.
def _read_cells(path: Path, file: Any, images: set[str], folder: Path) -> Iterator[list[object]]:
    size = _IMAGES_AT_A_TIME if images else _ROWS_AT_A_TIME
    names = _Names(folder)
    try:
        for batch in file.iter_batches(batch_size=size):
            columns = []
            for name in batch.schema.names:
                values = batch.column(name).to_pylist()
                if name in images:
                    values = [names.extract(value) for value in values]
                columns.append(values)
            for row in zip(*columns, strict=True):
                yield list(row)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} is not a Parquet file that can be read: {error}") from error


class _Names:
    """The files that images of a table are written to, each under a name of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.used: set[str] = set()
        self.number = 0

    def extract(self, image: Mapping[str, object] | None) -> str | None:
        """Write an image, unless that was done before, and return its path."""
        self.number += 1
        if image is None:
            return None
        data = image["bytes"]
        given = image.get("path")
        if not isinstance(data, bytes):
            return given if isinstance(given, str) else None
        # By content where there is no name, so that rows that move keep their outputs.
        name = PurePosixPath(given).name if isinstance(given, str) else ""
        name = name or f"{hash_bytes(data)[:16]}{_extension(data)}"
        if name in self.used:
            stem, extension = os.path.splitext(name)  # noqa: PTH122  # a name, not a path
            name = f"{stem}_{self.number}{extension}"
        self.used.add(name)
        target = self.folder / name
        size, _ = size_and_mtime(target)
        if size != len(data):
            write_atomic(target, data)
        return str(target)


def _extension(data: bytes) -> str:
    for magic, extension in _MAGIC.items():
        if data.startswith(magic):
            return extension
    return ".bin"


def find_class_names(metadata: Mapping[bytes, bytes]) -> dict[str, Sequence[str]]:
    """Read the names of Hugging Face's ClassLabel columns."""
    try:
        document = json.loads(metadata.get(b"huggingface", b"{}"))
        features = document["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    names: dict[str, Sequence[str]] = {}
    for column, feature in features.items():
        if isinstance(feature, dict) and isinstance(feature.get("names"), list):
            names[column] = [str(name) for name in feature["names"]]
    return names
