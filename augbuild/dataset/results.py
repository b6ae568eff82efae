"""The result for one source: what was built of it, or why it was rejected; and rejected.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from augbuild.core.documents import to_plain
from augbuild.dataset.manifest import AppliedOps
from augbuild.errors import ManifestError, Reason
from augbuild.sources.dataset import Rejected


class PendingSource(msgspec.Struct, frozen=True):
    """A source that a build has begun to work on; `ops` are those of each output, in order."""

    ops: tuple[AppliedOps, ...]


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
