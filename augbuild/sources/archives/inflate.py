"""Compressed tar archives, unpacked once to a plain tar in the user's cache.

No member of a compressed tar can be read without all that lies before it.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from augbuild.core.files import LockedError, hash_bytes, hold_lock, open_regular_file, user_cache
from augbuild.errors import FIX_AND_RERUN, SourceError
from augbuild.sources.archives.members import refuse_bomb

MAX_INFLATED_BYTES = 1 << 37
"""A larger archive, 128 GiB, is left to its owner to unpack."""

_CHUNK_BYTES = 1 << 20
_MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2"}
_OPENERS: Mapping[str, Callable[[BinaryIO], gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "xz": lzma.LZMAFile,
    "bzip2": bz2.BZ2File,
}


def find_compression(start: bytes) -> str | None:
    """Return how a file is compressed, by its first 16 bytes: names are often wrong."""
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            return name
    return None


def inflate(root: Path, compression: str) -> Path:
    """Return the plain tar of a compressed one, unpacked now if it never was.

    It is whole or absent, and named by the archive's place, size and time. Raises SourceError.
    """
    folder = Path()
    try:
        folder = user_cache("archives")
        status = root.stat()
        identity = f"{root.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
        name = hash_bytes(os.fsencode(identity))[:32]
        target = folder / f"{name}.tar"
        if target.is_file():
            return target
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with hold_lock(folder / f"{name}.lock"):
            _write_tar(root, compression, target, packed=status.st_size)
    except LockedError as error:
        advice = "wait for it to end, then rerun the same command"
        raise SourceError(f"{root} is being unpacked by another process; {advice}") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise SourceError(
            f"{root} cannot be unpacked to {folder}: {why}; {FIX_AND_RERUN}"
        ) from error
    return target


def _write_tar(root: Path, compression: str, target: Path, *, packed: int) -> None:
    # One name, not one for each process: what a killed process left is written over.
    staged = target.with_suffix(".partial")
    written = 0
    try:
        with (
            open_regular_file(root) as file,
            _OPENERS[compression](file) as source,
            staged.open("wb") as out,
        ):
            while chunk := source.read(_CHUNK_BYTES):
                written += len(chunk)
                refuse_bomb(root, written, packed)
                if written > MAX_INFLATED_BYTES:
                    most = f"{MAX_INFLATED_BYTES >> 30} GiB"
                    advice = "unpack it and give the folder"
                    raise SourceError(f"{root} unpacks to over {most}; {advice}")
                out.write(chunk)
        staged.replace(target)
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        # Decompressors raise an OSError for damage, too, but without a number.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        advice = "download or pack it again"
        raise SourceError(f"{root} is damaged or cut short; {advice}") from error
    finally:
        staged.unlink(missing_ok=True)
