"""A stream of rows with images, copied split by split into files and one table of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Protocol

from msgspec import Meta, Struct

from augbuild.core.documents import encode, read_document
from augbuild.core.files import write_atomic
from augbuild.errors import SourceError
from augbuild.sources.hubs.download import failed
from augbuild.sources.tables.parquet import ImageWriter

COPY = "copy.json"
TABLE = "metadata.jsonl"
ADVICE = "check the name and the network; the same command goes on from where it stopped"

_ROWS_BETWEEN_NOTES = 500

Count = Annotated[int, Meta(ge=0)]


class Copy(Struct, frozen=True):
    """copy.json: what the folder of a complete download has; written last.

    `image` is the column of images that was read, `unlabelled` counts the images without a class,
    `empty` the rows without an image.
    """

    splits: tuple[str, ...]
    image: str
    unread_images: tuple[str, ...] = ()
    unlabelled: Count = 0
    empty: Count = 0
    license: str = ""


class _Note(Struct, frozen=True):
    """How far a split has come: its lines in the table, and the stream's own state after them.

    The state is free-form, as `datasets` has it.
    """

    lines: Count = 0
    unlabelled: Count = 0
    empty: Count = 0
    state: dict[str, object] | None = None
    is_complete: bool = False


class Stream(Protocol):
    """What is used of an IterableDataset; `datasets` has no types of its own."""

    info: Any

    @property
    def features(self) -> Mapping[str, object] | None: ...

    def cast_column(self, name: str, feature: object, /) -> Stream: ...

    def state_dict(self) -> dict[str, object]: ...

    def load_state_dict(self, state: dict[str, object], /) -> None: ...

    def __iter__(self) -> Iterator[Mapping[str, object]]: ...


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a stream: the image's, those of plain values, and names of classes."""

    image: str
    unread_images: tuple[str, ...]
    plain: tuple[str, ...]
    class_names: Mapping[str, list[str]] = field(default_factory=dict)


def copy_streams(spec: str, folder: Path, streams: Mapping[str, Stream]) -> None:
    """Copy all splits of a dataset into a folder; copy.json comes last.

    Raises SourceError for the network and for a dataset without images, OSError for the disk.
    """
    columns = None
    notes = []
    for split, stream in streams.items():
        columns, undecoded = _choose_columns(spec, stream)
        # A single split is no split: whoever builds divides it as the recipe says.
        shown = split if len(streams) > 1 else None
        note = _copy_split(_Split(spec, folder, split, shown, columns), undecoded)
        notes.append(note)
    if columns is None:
        raise SourceError(f"{spec} has no splits with rows")
    lines = [(folder / f"{split}.rows.jsonl").read_bytes() for split in streams]
    write_atomic(folder / TABLE, b"".join(lines))
    information = next(iter(streams.values())).info
    copy = Copy(
        splits=tuple(streams),
        image=columns.image,
        unread_images=columns.unread_images,
        unlabelled=sum(note.unlabelled for note in notes),
        empty=sum(note.empty for note in notes),
        license=str(information.license or ""),
    )
    write_atomic(folder / COPY, encode(copy, indent=2))


def _choose_columns(spec: str, stream: Stream) -> tuple[_Columns, Stream]:
    """Find what each column of a stream has, and return it with its images not decoded.

    Raises SourceError where no column has images.
    """
    if stream.features is None:  # files that do not say what they have are looked into
        stream = stream._resolve_features()  # type: ignore[attr-defined]
    features = stream.features or {}
    images = []
    plain = []
    class_names = {}
    for name, feature in features.items():
        kind = type(feature).__name__
        if kind == "Image" or (isinstance(feature, dict) and "bytes" in feature):
            images.append(name)
        elif kind in {"ClassLabel", "Value"}:
            plain.append(name)
        if kind == "ClassLabel":
            class_names[name] = list(feature.names)  # type: ignore[attr-defined]
    if not images:
        raise SourceError(f"{spec} has no column of images; it has {', '.join(features)}")
    feature = features[images[0]]
    if not isinstance(feature, dict):
        # The bytes as they are: decoded and encoded again they would be others.
        stream = stream.cast_column(images[0], type(feature)(decode=False))  # type: ignore[call-arg]
    return _Columns(images[0], tuple(images[1:]), tuple(plain), class_names), stream


@dataclass(frozen=True, slots=True)
class _Split:
    """One split on its way into a folder; `shown` is what its rows say of it, None for nothing."""

    spec: str
    folder: Path
    name: str
    shown: str | None
    columns: _Columns


def _copy_split(split: _Split, stream: Stream) -> _Note:
    """Copy what is left of one split, and return the note of its end."""
    note_file = split.folder / f"{split.name}.note.json"
    note = _Note()
    if note_file.is_file():
        note = read_document(note_file, _Note, SourceError)
    if note.is_complete:
        return note
    rows_file = split.folder / f"{split.name}.rows.jsonl"
    kept: list[bytes] = []
    if note.state is not None:
        stream.load_state_dict(note.state)
        kept = rows_file.read_bytes().splitlines(keepends=True)[: note.lines]
    split.folder.mkdir(parents=True, exist_ok=True)
    names = [json.loads(line)["file_name"].rpartition("/")[2] for line in kept]
    writer = ImageWriter(split.folder / split.name, names)
    lines = note.lines
    unlabelled = note.unlabelled
    empty = note.empty
    with rows_file.open("wb") as file:
        file.writelines(kept)
        for number, row in enumerate(_read_rows(split.spec, stream), start=1):
            if _is_unlabelled(row, split.columns):
                unlabelled += 1
            elif line := _make_line(row, split, writer):
                file.write(line)
                lines += 1
            else:
                empty += 1
            if number % _ROWS_BETWEEN_NOTES == 0:
                note = _Note(lines, unlabelled, empty, stream.state_dict())
                _write_note(note_file, file, note)
        note = _Note(lines, unlabelled, empty, is_complete=True)
        _write_note(note_file, file, note)
    return note


def _write_note(note_file: Path, rows: BinaryIO, note: _Note) -> None:
    rows.flush()  # a note never knows of more lines than there are
    write_atomic(note_file, encode(note))


def _read_rows(spec: str, stream: Stream) -> Iterator[Mapping[str, object]]:
    """Yield the rows of a stream; raises SourceError for whatever ends it early."""
    rows = iter(stream)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception as error:  # of the network, of damaged files: they share no class
            raise failed(spec, error, ADVICE) from error
        yield row


def _is_unlabelled(row: Mapping[str, object], columns: _Columns) -> bool:
    """Check whether a class is kept secret, as -1 says of a benchmark's test images."""
    for name in columns.class_names:
        number = row[name]
        if not isinstance(number, int) or number < 0:
            return True
    return False


def _make_line(row: Mapping[str, object], split: _Split, writer: ImageWriter) -> bytes | None:
    """Write the image of a row, and return its line of the table; None for one without an image."""
    import fsspec

    values = {name: row[name] for name in split.columns.plain}
    for name, names in split.columns.class_names.items():
        number = row[name]
        assert isinstance(number, int), "those without a label are left out before"
        values[name] = names[number]
    image = row[split.columns.image]
    if not isinstance(image, dict):
        return None
    if image["bytes"] is None and image["path"]:
        # A file of its own, on the hub or within an archive there.
        with fsspec.open(image["path"], "rb") as file:
            image = {"bytes": file.read(), "path": image["path"]}
    path = writer.write(image)
    if path is None:
        return None
    values["file_name"] = f"{split.name}/{Path(path).name}"
    if split.shown is not None:
        values.setdefault("split", split.shown)
    return encode(values)
