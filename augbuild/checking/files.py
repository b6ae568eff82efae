"""The files that a manifest names, each checked on its own: is it there, and has it its bytes?"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from augbuild.checking.rules import Damage
from augbuild.core.files import hash_file
from augbuild.dataset.manifest import parse_row
from augbuild.errors import ManifestError


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """The part of a row that a worker needs to check its file."""

    name: str
    bytes: int
    sha256: str


def expected_files(manifest: BinaryIO) -> Iterator[ExpectedFile]:
    """Read the files that a manifest names; rows that cannot be read are left out."""
    for line in manifest:
        try:
            record = parse_row(line, "")
        except ManifestError:
            continue  # reported by `read_contents`
        yield ExpectedFile(record.file_name, record.bytes, record.sha256)


def check_chunk(root: Path, quick: bool, files: Sequence[ExpectedFile]) -> tuple[int, list[Damage]]:
    """Check some files, with `quick` only their sizes; return how many and what was found."""
    checked = (check_file(root, quick, file) for file in files)
    return len(files), [damage for damage in checked if damage is not None]


def check_file(root: Path, quick: bool, file: ExpectedFile) -> Damage | None:
    """Check one file, with `quick` only its size; return what is wrong with it."""
    path = root / file.name
    try:
        if damage := check_kind(root, file.name):
            return damage
        size = path.lstat().st_size
        if size != file.bytes:
            return Damage("size", file.name, f"has {size:,} bytes; {file.bytes:,} were written")
        if not quick and hash_file(path) != file.sha256:
            return Damage("content", file.name, "does not have the bytes that were written")
    except OSError as error:
        return unreadable(file.name, error)
    return None


def check_kind(root: Path, name: str) -> Damage | None:
    """Check that a name is a file's, without opening it: a pipe would block."""
    try:
        mode = (root / name).lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Damage("missing", name, "is missing")
    if stat.S_ISLNK(mode):
        return Damage("link", name, "is a link; augbuild wrote a file")
    if not stat.S_ISREG(mode):
        return Damage("missing", name, "is missing: something that is not a file has its name")
    return None


def unreadable(name: str, error: OSError) -> Damage:
    """Return the damage of a file that the system does not let us read."""
    return Damage("unreadable", name, f"cannot be read: {error.strerror or type(error).__name__}")
