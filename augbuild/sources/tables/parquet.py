"""Parquet tables, as pandas writes them and as Hugging Face does, with the images in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from augbuild.core.files import hash_bytes, is_safe_path, size_and_mtime, user_cache, write_atomic
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


def read_parquet(path: Path, sha256: str, images_to: ImageWriter | None = None) -> ParquetRows:
    """Open a Parquet file; raises SourceError.

    A column of images, `{bytes, path}` as in Hugging Face's datasets, is read as the paths of
    files: `images_to` writes the bytes, by default into the user's cache, a folder for `sha256`.
    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise SourceError(
            f"{path}: reading Parquet needs pyarrow; pip install 'augbuild[hf]'"
        ) from error
    try:
        file = pyarrow.parquet.ParquetFile(path, memory_map=True, pre_buffer=False)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} is not a Parquet file that can be read") from error
    schema = file.schema_arrow
    images = set()
    for name in schema.names:
        kind = schema.field(name).type
        if pyarrow.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            images.add(name)
    if images and images_to is None:
        images_to = ImageWriter(table_cache(path) / sha256[:32])
    cells = _read_cells(path, file, images, images_to)
    return ParquetRows(tuple(schema.names), cells, find_class_names(schema.metadata or {}))


def table_cache(path: Path) -> Path:
    """Return the user's folder for images out of tables; raises SourceError that names `path`."""
    try:
        return user_cache("tables")
    except OSError as error:
        raise SourceError(f"{path}: its images cannot be unpacked: {error.strerror}") from error


# Any: pyarrow has no types of its own.
def _read_cells(
    path: Path, file: Any, images: set[str], writer: ImageWriter | None
) -> Iterator[list[object]]:
    size = _IMAGES_AT_A_TIME if images else _ROWS_AT_A_TIME
    try:
        for batch in file.iter_batches(batch_size=size):
            columns = []
            for name in batch.schema.names:
                values = batch.column(name).to_pylist()
                if name in images and writer is not None:
                    values = [writer.write(value) for value in values]
                columns.append(values)
            for row in zip(*columns, strict=True):
                yield list(row)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} is not a Parquet file that can be read: {error}") from error


class ImageWriter:
    """Writes the images of a table to files in a folder, each under a name of its own."""

    def __init__(self, folder: Path, used: Iterable[str] = ()) -> None:
        self.folder = folder
        self._used = set(used)
        self._number = len(self._used)

    def write(self, image: Mapping[str, object] | None) -> str | None:
        """Write an image, `{bytes, path}`, unless that was done before, and return its path."""
        self._number += 1
        if image is None:
            return None
        data = image["bytes"]
        given = image.get("path")
        if not isinstance(data, bytes):
            return given if isinstance(given, str) else None
        name = self._name(given if isinstance(given, str) else "", data)
        self._used.add(name)
        target = self.folder / name
        size, _ = size_and_mtime(target)
        if size != len(data):
            write_atomic(target, data)
        return str(target)

    def _name(self, given: str, data: bytes) -> str:
        # The path may be an address within an archive: zip://cats/1.jpg::https://…
        name = PurePosixPath(given.partition("::")[0]).name
        # By content where there is no name, so that rows that move keep their outputs.
        if not is_safe_path(name) or name.startswith("."):
            name = f"{hash_bytes(data)[:16]}{_extension(data)}"
        if name in self._used:
            stem, extension = os.path.splitext(name)  # noqa: PTH122  # a name, not a path
            name = f"{stem}_{self._number}{extension}"
        return name


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
