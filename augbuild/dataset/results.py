"""The result for one source, its entry in the state, and rejected.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from augbuild.core.documents import decode, to_plain
from augbuild.core.files import Stamp
from augbuild.dataset.manifest import AppliedOps
from augbuild.errors import ManifestError, OutputError, Reason
from augbuild.sources.dataset import Rejected

Status = Literal["pending", "built", "rejected"]
Row = tuple[str, Status, str, str, int, int, int, int, int, str, str, str, bytes]
"""The columns of the state for one source, in the order of the fields of `Entry`."""


class BuiltFile(msgspec.Struct, frozen=True):
    """One output as it was written; `flat`: all one colour, though its source is not."""

    file_name: str
    variant: int | None
    width: int
    height: int
    bytes: int
    sha256: str
    flat: bool


class BuiltSource(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outputs of one source; `ops` are those of each of the `files`, in the same order.

    `sha256`, `width` and `height` (upright, pixels) are the source's; `more_frames`: it has more
    frames or pages than the one that was used; `has_position`: its file says where it was taken;
    `highest` is the highest value of 16-bit integers, None of all other images.
    """

    path: str
    sha256: str
    width: int
    height: int
    more_frames: bool
    files: tuple[BuiltFile, ...]
    ops: tuple[AppliedOps, ...]
    has_position: bool = False
    highest: int | None = None


class RejectedSource(msgspec.Struct, frozen=True):
    """The reason why a source could not be used."""

    reason: Reason
    message: str


Result = BuiltSource | RejectedSource | None
_RESULTS: dict[Status, Any] = {  # of a union, there is no type that mypy would take
    "pending": BuiltSource | None,
    "built": BuiltSource,
    "rejected": RejectedSource,
}


class Entry(msgspec.Struct, frozen=True):
    """Everything that the state knows of one source.

    `key` stands for everything but its bytes that its outputs depend on, and `encoding` for how its
    variants are written (of version 0.1: no key, and a fingerprint of both); `stamp` is the source
    file's when it was read; `run` is the number of the build; `files` may be on disk and are ours.
    A pending source keeps the `result` of before, if it was built. `rows` are its rows of the
    manifest, and `context` is what they say beside the result.
    """

    path: str
    status: Status
    key: str
    encoding: str
    stamp: Stamp
    run: int
    files: tuple[str, ...]
    result: Result
    context: str = ""
    rows: bytes = b""

    def to_row(self) -> Row:
        """Return the entry as the columns of the state."""
        # ASCII, unlike the documents of the tree: builds of 0.1 wrote it so.
        files = json.dumps(self.files)
        result = json.dumps(to_plain(self.result))
        return (
            self.path, self.status, self.key, self.encoding, *self.stamp, self.run,
            files, result, self.context, self.rows,
        )  # fmt: skip

    @classmethod
    def from_row(cls, row: Row, where: str) -> Entry:
        """Read an entry; raises OutputError, whose message begins with `where`."""
        path, status, key, encoding, *stamp, run, files, result, context, rows = row
        where = f"{where} is damaged: source {path!r}"
        if status not in _RESULTS:
            raise OutputError(f"{where} has the unknown status {status!r}")
        names = decode(files, tuple[str, ...], where, OutputError)
        known = decode(result, _RESULTS[status], where, OutputError)
        return cls(
            path, status, key, encoding, Stamp(*stamp), run, names, known, context, rows
        )  # fmt: skip


class Confirmed(NamedTuple):
    """A source that needs no work, though its entry has another key, encoding or stamp."""

    path: str
    key: str
    encoding: str
    stamp: Stamp


def encode_rejected(rejected: Iterable[Rejected]) -> bytes:
    """Return the rows of rejected.jsonl.

    A name that is not valid UTF-8, which is itself a reason to be rejected, is written as JSON
    escapes of its undecodable bytes.
    """
    rows = bytearray()
    for each in rejected:
        row = json.dumps(to_plain(each), ensure_ascii=False)
        rows += f"{row}\n".encode(errors="backslashreplace")
    return bytes(rows)


def read_rejected(path: Path) -> Iterator[Rejected]:
    """Read rejected.jsonl row by row; raises ManifestError, which names the row."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from error
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            # Not msgspec's own decoder: it refuses the escapes of undecodable bytes.
            yield msgspec.convert(json.loads(line), Rejected)
        except (ValueError, RecursionError) as error:
            raise ManifestError(
                f"{path}: row {number} is not a rejected source: {error}"
            ) from error
