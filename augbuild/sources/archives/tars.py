"""Tar archives: members are read where they lie in the file that is not compressed."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from augbuild.core.files import NO_FILE, Stamp, open_regular_file, stamp_of
from augbuild.errors import FIX_AND_RERUN, ImageError, SourceError, is_machine_error
from augbuild.sources.archives.members import Kind, Member, plain_name
from augbuild.sources.originals import MAX_FILE_BYTES, check_bytes

_SPARSE = "is a sparse file; unpack the archive and give the folder"

_Place = tuple[int, int]  # where the bytes of a member begin, and how many they are


@dataclass(frozen=True, slots=True)
class TarOriginals:
    """Originals that are members of the archive `root`; `tar` is the same without compression."""

    root: Path
    tar: Path

    def read(self, path: str) -> bytes:
        """Read a member whole; raises ImageError and SourceError."""
        data = self.read_start(path, MAX_FILE_BYTES + 1)
        check_bytes(data)
        return data

    def read_start(self, path: str, most: int) -> bytes:
        """Read at most `most` bytes of a member; raises ImageError and SourceError."""
        place = self._opened()[1].get(path)
        if place is None:
            raise ImageError("unreadable", "is not in the archive any more")
        start, size = place
        try:
            with open_regular_file(self.tar) as file:
                file.seek(start)
                data = file.read(min(most, size))
        except OSError as error:
            if is_machine_error(error):
                raise SourceError(f"{self.tar}: {error.strerror}; {FIX_AND_RERUN}") from error
            raise ImageError("unreadable", f"cannot be read: {error.strerror}") from error
        if len(data) < min(most, size):
            raise ImageError("unreadable", "the archive is cut short")
        return data

    def stat(self, path: str) -> Stamp:
        """Return the size of a member, and all else of the archive.

        After any change of the archive its members are hashed, and only those that differ are made
        again.
        """
        place = self._opened()[1].get(path)
        if place is None:
            return NO_FILE
        return stamp_of(self.root)._replace(size=place[1])

    def local_path(self, path: str) -> Path | None:  # noqa: ARG002  # the protocol's
        """Return None: a member is not a file of its own."""
        return None

    def members(self) -> list[Member]:
        """Return the members, of several with one name the last first; raises SourceError."""
        members, _ = self._opened()
        return members

    def _opened(self) -> tuple[list[Member], Mapping[str, _Place]]:
        return _read_headers(self.root, self.tar, *stamp_of(self.tar)[:2])


# For each process: a tar has no directory, so all of its headers are read to find one member.
@lru_cache(maxsize=4)
def _read_headers(
    root: Path,
    tar: Path,
    size: int,  # noqa: ARG001  # so that a changed archive is read anew
    mtime_ns: int,  # noqa: ARG001
) -> tuple[list[Member], Mapping[str, _Place]]:
    members = []
    places = {}
    try:
        with open_regular_file(tar) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            for info in archive:
                problem = _SPARSE if info.issparse() else ""
                members.append(Member(info.name, _kind(info), info.size, problem))
                if info.isreg():
                    places[plain_name(info.name)] = info.offset_data, info.size
    except OSError as error:
        raise SourceError(f"{root} cannot be read: {error.strerror}") from error
    except (tarfile.TarError, EOFError, ValueError) as error:
        advice = "download or pack it again"
        raise SourceError(f"{root} is not a tar archive, or it is damaged; {advice}") from error
    members.reverse()
    return members, places


def _kind(info: tarfile.TarInfo) -> Kind:
    if info.isdir():
        return "folder"
    if info.issym() or info.islnk():
        return "link"
    return "file" if info.isreg() else "special"
