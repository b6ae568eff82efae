"""What the tests of archives share: archives of few bytes, and of photos."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

PHOTOS = {"train/cats/1.jpg": b"one", "train/dogs/2.jpg": b"two", "test/cats/3.jpg": b"three",
          "test/dogs/4.jpg": b"four"}  # fmt: skip
TWO = {"cats/1.jpg": b"one", "dogs/2.jpg": b"two"}


def pack_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip archive of files by their names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def pack_tar(path: Path, files: Mapping[str, bytes], mode: str = "w") -> Path:
    """Write a tar archive of files by their names; `mode` is tarfile's."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # a mode of any kind
        for name, data in files.items():
            add_file(archive, name, data)
    return path


def add_file(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def pack(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write an archive of the kind that its name tells."""
    name = path.name.lower()
    if name.endswith(".zip"):
        return pack_zip(path, files)
    modes = {".tar": "w", ".tgz": "w:gz", ".gz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}
    return pack_tar(path, files, modes[path.suffix.lower()])
