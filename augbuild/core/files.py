"""Files on a disk: read only if regular, written whole or not at all, hashed, locked."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from filelock import FileLock, Timeout

_KEPT_CHARACTERS = 40  # of four bytes each at most; a name on disk has up to 255 bytes


UNKNOWN = -1
"""Stands for what is not known of a file's stamp."""


class LockedError(Exception):
    """Another process holds the lock."""


class Stamp(NamedTuple):
    """What tells, without reading it, that a file may have changed; times in nanoseconds.

    The size is -1 where there is no file. A rename changes ctime and keeps the inode, so files that
    swap their names are seen, as in git's index.
    """

    size: int
    mtime_ns: int
    ctime_ns: int = UNKNOWN
    inode: int = UNKNOWN

    def agrees_with(self, other: Stamp) -> bool:
        """Check that two stamps differ in nothing that is known of both."""
        if (self.size, self.mtime_ns) != (other.size, other.mtime_ns):
            return False
        for mine, theirs in ((self.ctime_ns, other.ctime_ns), (self.inode, other.inode)):
            if UNKNOWN not in (mine, theirs) and mine != theirs:
                return False
        return True


NO_FILE = Stamp(-1, 0)


def open_regular_file(path: Path) -> BinaryIO:
    """Open a file to read its bytes; raises OSError, also for what is not a regular file.

    A FIFO or a device would otherwise block, or never end.
    """
    file = open(path, "rb", opener=_open_without_blocking)  # noqa: SIM115  # the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


def read_regular_file(path: Path, max_bytes: int) -> bytes:
    """Read a file whole; raises OSError, also for what is not regular or has over `max_bytes`."""
    with open_regular_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > max_bytes:
            message = f"has {size:,} bytes; at most {max_bytes:,} are read"
            raise OSError(errno.EFBIG, message, str(path))
        # Not read(max_bytes + 1): Python allocates all that is asked for, here 1 GiB a file.
        return file.read()


def _open_without_blocking(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in lower-case hex; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomic(
    path: Path, data: bytes, staging: Path | None = None, *, sync: bool = False
) -> None:
    """Write a file so that it is whole or absent: staged on the same file system, then renamed.

    Without a `staging` folder the staged file lies hidden beside `path`, whose folder is made.
    Raises OSError; the staged file is then removed. With `sync` it also outlives a power cut.
    """
    name = f"{path.name[-_KEPT_CHARACTERS:]}.{os.getpid()}.{id(data):x}"
    if staging is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f".{name}.partial")
    else:
        staged = staging / name
    try:
        with staged.open("wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    if sync:
        _sync_folder(path.parent)


def link_atomic(path: Path, original: Path, staging: Path) -> bool:
    """Make a file a hard link to another, in one step; return False where the system cannot."""
    staged = staging / f"{path.name[-_KEPT_CHARACTERS:]}.{os.getpid()}.link"
    try:
        staged.unlink(missing_ok=True)
        os.link(original.resolve(), staged)
        staged.replace(path)
        # POSIX: to rename a link over another one of the same file does nothing, and leaves both.
        staged.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Write a folder's names to the disk; without this, a power cut can undo a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Lock a file while the block runs; raises LockedError where another process has locked it.

    The lock goes with its holder, however that ends, and a lock that is free is no obstacle
    (filelock, which is flock on POSIX).
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise LockedError(f"{path} is held by another process") from error
    try:
        yield
    finally:
        lock.release()


def size_and_mtime(path: Path) -> tuple[int, int]:
    """Return size in bytes and modification time in nanoseconds; -1 and 0 for what has neither."""
    try:
        status = path.stat()
    except OSError:
        return -1, 0
    return status.st_size, status.st_mtime_ns


def user_cache(name: str) -> Path:
    """Return the user's folder for what can be made again: `augbuild/NAME` (XDG base directories).

    Raises OSError where the user has no home folder.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    # As the specification of these folders says, a relative one is ignored.
    if os.path.isabs(named):  # noqa: PTH117  # a Path would hide that "" is none
        return Path(named) / "augbuild" / name
    try:
        return Path.home() / ".cache" / "augbuild" / name
    except RuntimeError as error:
        raise OSError(errno.ENOENT, "there is no home folder; set HOME") from error


def stamp_of(path: str | Path) -> Stamp:
    """Return the stamp of a file, and NO_FILE for what has none."""
    try:
        status = os.stat(path)  # noqa: PTH116  # a third of the time of Path's, for each source
    except OSError:
        return NO_FILE
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def is_safe_path(value: object) -> bool:
    """Check whether a manifest may name this file: relative, POSIX, below its own folder."""
    if not isinstance(value, str) or len(value) > 4096:
        return False
    if re.search(r"[\\\x00]|^[A-Za-z]:", value):  # what Windows would take for a folder or a drive
        return False
    if any(part in {"", ".", ".."} for part in value.split("/")):  # "/etc" begins with an empty one
        return False
    return is_unicode(value)


def is_unicode(value: str) -> bool:
    """Check whether a text can be written as UTF-8: half a surrogate pair cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
