"""The original images of a source dataset: the one way to read them, wherever they are.

Nothing but this module and its kin assumes that an original is a file of its own on a disk: it may
be a member of an archive, or a part of another image.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from augbuild.core.files import Stamp, read_regular_file, stamp_of
from augbuild.errors import FIX_AND_RERUN, ImageError, SourceError, is_machine_error

MAX_FILE_BYTES = 1 << 30
"""A larger file is rejected before it is read."""


class Originals(Protocol):
    """Reads the originals of one dataset by their paths in it; picklable, since workers read."""

    def read(self, path: str) -> bytes:
        """Read an original whole.

        Raises ImageError (empty, unreadable, too_large), and SourceError where the machine is at
        fault and not the file.
        """
        ...

    def stat(self, path: str) -> Stamp:
        """Return what tells that an original may have changed, without reading it."""
        ...

    def local_path(self, path: str) -> Path | None:
        """Return the file that an original is, or None where it is not a file of its own."""
        ...


@dataclass(frozen=True, slots=True)
class FolderOriginals:
    """Originals that are files below a folder."""

    root: Path

    def read(self, path: str) -> bytes:
        """Read an original whole; raises ImageError and SourceError."""
        return read_bytes(self.root / path)

    def stat(self, path: str) -> Stamp:
        """Return the stamp of the file of an original."""
        return stamp_of(f"{self.root}/{path}")

    def local_path(self, path: str) -> Path | None:
        """Return the file of an original."""
        return self.root / path


def read_bytes(path: Path) -> bytes:
    """Read a regular file whole; raises ImageError (empty, unreadable, too_large).

    Raises SourceError, which stops a build, where the machine is at fault and not the file: too
    many open files.
    """
    try:
        data = read_regular_file(path, MAX_FILE_BYTES)
    except OSError as error:
        why = error.strerror or type(error).__name__
        if is_machine_error(error):
            raise SourceError(f"{path}: {why}; {FIX_AND_RERUN}") from error
        if error.errno == errno.EFBIG:
            raise ImageError("too_large", f"the file {why}") from error
        raise ImageError("unreadable", f"cannot be read: {why}") from error
    check_bytes(data)
    return data


def check_bytes(data: bytes) -> None:
    """Raise ImageError (empty, too_large) for what can be no original, before it is decoded."""
    if len(data) > MAX_FILE_BYTES:
        raise ImageError("too_large", f"the file has over {MAX_FILE_BYTES:,} bytes")
    if not data:
        raise ImageError("empty", "the file is empty")
