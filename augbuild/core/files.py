"""Files on a disk: read if they are files, written whole or not at all, hashed, locked."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class LockedError(Exception):
    """Another process holds the lock."""


def read_regular_file(path: Path, max_bytes: int) -> bytes:
    """Read a file whole; raises OSError, also for what is not a regular file or has over `max_bytes`.

    A FIFO or a device would otherwise block, or never end.
    """
    with open(path, "rb", opener=_open_without_blocking) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if status.st_size > max_bytes:
            message = f"has {status.st_size:,} bytes; at most {max_bytes:,} are read"
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
    if staging is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f".{path.name[-60:]}.{os.getpid()}.partial")
    else:
        staged = staging / f"{path.name[-60:]}.{os.getpid()}.{id(data):x}"
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


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs; raises LockedError where another process holds it.

    The lock goes with its holder, however that ends (filelock, flock on POSIX).
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


def is_safe_path(value: object) -> bool:
    """Check whether a manifest may name this file: relative, POSIX, below its own folder."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= 4096
        and not value.startswith("/")
        and not re.search(r"[\\\x00]|^[A-Za-z]:", value)
        and all(part not in {"", ".", ".."} for part in value.split("/"))
        and is_unicode(value)
    )


def is_unicode(value: str) -> bool:
    """Check whether a text can be written as UTF-8: half a surrogate pair cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
