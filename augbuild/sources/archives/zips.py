"""Zip archives: members are read where they lie."""

from __future__ import annotations

import lzma
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from augbuild.core.files import NO_FILE, Stamp, stamp_of
from augbuild.errors import FIX_AND_RERUN, ImageError, SourceError, is_machine_error
from augbuild.sources.archives.members import Kind, Member, plain_name
from augbuild.sources.originals import MAX_FILE_BYTES, check_bytes

_ENCRYPTED = 0x1
_UTF8 = 0x800
_METHODS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)
# RuntimeError: a password is asked for. ValueError: sizes and offsets that cannot be.
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class ZipOriginals:
    """Originals that are members of a zip archive."""

    root: Path

    def read(self, path: str) -> bytes:
        """Read a member whole; raises ImageError and SourceError."""
        data = self.read_start(path, MAX_FILE_BYTES + 1)
        check_bytes(data)
        return data

    def read_start(self, path: str, most: int) -> bytes:
        """Read at most `most` bytes of a member; raises ImageError and SourceError."""
        archive, infos = self._opened()
        info = infos.get(path)
        if info is None:
            raise ImageError("unreadable", "is not in the archive any more")
        try:
            with archive.open(info) as file:
                return file.read(min(most, info.file_size))
        except _DAMAGE as error:  # NotImplementedError, for a method not known, is a RuntimeError
            raise ImageError("unreadable", f"is damaged in the archive: {error}") from error
        except OSError as error:
            if is_machine_error(error):
                raise SourceError(f"{self.root}: {error.strerror}; {FIX_AND_RERUN}") from error
            raise ImageError("unreadable", f"cannot be read: {error.strerror}") from error

    def stat(self, path: str) -> Stamp:
        """Return the size of a member, and all else of the archive.

        The times of members come in steps of two seconds, and tools set them as they like. After
        any change of the archive its members are hashed, and only those that differ made again.
        """
        archive = stamp_of(self.root)
        _, infos = _open_zip(self.root, archive.size, archive.mtime_ns)
        info = infos.get(path)
        return archive._replace(size=info.file_size) if info else NO_FILE

    def local_path(self, path: str) -> Path | None:  # noqa: ARG002  # the protocol's
        """Return None: a member is not a file of its own."""
        return None

    def members(self) -> list[Member]:
        """Return the members, of several with one name the last first; raises SourceError."""
        archive, _ = self._opened()
        return [
            Member(_name(info), _kind(info), info.file_size, _problem(info))
            for info in reversed(archive.infolist())
        ]

    def _opened(self) -> tuple[zipfile.ZipFile, Mapping[str, zipfile.ZipInfo]]:
        return _open_zip(self.root, *stamp_of(self.root)[:2])


# For each process: the directory of an archive is read once, not for each member. Size and time
# are only there so that a changed archive is opened anew.
@lru_cache(maxsize=4)
def _open_zip(
    root: Path,
    size: int,  # noqa: ARG001
    mtime_ns: int,  # noqa: ARG001
) -> tuple[zipfile.ZipFile, Mapping[str, zipfile.ZipInfo]]:
    try:
        archive = zipfile.ZipFile(root)
    except OSError as error:
        raise SourceError(f"{root} cannot be read: {error.strerror}") from error
    except (*_DAMAGE, UnicodeError) as error:
        advice = "download or pack it again"
        raise SourceError(f"{root} is not a zip archive, or it is damaged; {advice}") from error
    return archive, {plain_name(_name(info)): info for info in archive.infolist()}


def _name(info: zipfile.ZipInfo) -> str:
    """Return the name of a member: UTF-8, also where the flag that says so was forgotten."""
    if info.flag_bits & _UTF8:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _kind(info: zipfile.ZipInfo) -> Kind:
    if info.is_dir():
        return "folder"
    mode = info.external_attr >> 16  # of Unix; 0 in archives made elsewhere
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_ISREG(mode) or not stat.S_IFMT(mode) else "special"


def _problem(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted; unpack the archive with its password and give the folder"
    if info.compress_type not in _METHODS:
        return (
            f"is packed by a method that is not read (number {info.compress_type}); "
            "unpack the archive and give the folder"
        )
    return ""
