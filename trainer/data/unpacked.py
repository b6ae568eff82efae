"""Images that are no files of their own, written into the user's cache folder once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from augbuild.core.files import (
    Stamp,
    hash_bytes,
    is_safe_path,
    size_and_mtime,
    user_cache,
    write_atomic,
)
from augbuild.errors import ImageError, TableError
from augbuild.sources.dataset import SourceDataset

UNPACKED_FOLDER = "unpacked"


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """The file of each image of a dataset, by its path there, and why some have none."""

    files: Mapping[str, Path]
    problems: Mapping[str, str]


def find_files(dataset: SourceDataset) -> LocalFiles:
    """Return the files of a dataset's images, unpacked now where they never were.

    Training opens files in any order, in many processes, and compares them by their bytes. A file
    that is there with the right size is not written again, so an interrupted call goes on. Raises
    TableError where the cache cannot be written.
    """
    files: dict[str, Path] = {}
    problems: dict[str, str] = {}
    waiting: dict[str, Stamp] = {}
    for source in dataset.sources:
        local = dataset.originals.local_path(source.path)
        if local is not None:
            files[source.path] = local
        elif is_safe_path(source.path):
            waiting[source.path] = dataset.originals.stat(source.path)
        else:
            problems[source.path] = "has a name that leads elsewhere"
    if not waiting:
        return LocalFiles(files, problems)
    try:
        folder = _folder_of(dataset, waiting)
    except OSError as error:
        raise TableError(f"{dataset.root} cannot be unpacked: {error.strerror}") from error
    for path, stamp in waiting.items():
        target = folder / path
        files[path] = target
        # Its folder is named by time and place, so a file of this size has the right bytes, too.
        if size_and_mtime(target)[0] == stamp.size:
            continue
        try:
            write_atomic(target, dataset.originals.read(path))
        except ImageError as error:
            problems[path] = str(error)
        except OSError as error:
            raise TableError(f"{target} cannot be written: {error.strerror}") from error
    return LocalFiles(files, problems)


def _folder_of(dataset: SourceDataset, stamps: Mapping[str, Stamp]) -> Path:
    """Return the folder for a dataset as it is now, by its place and the times of its images."""
    lines = [dataset.identity]
    for path, stamp in stamps.items():
        lines.append(f"{path}\0{stamp.size}\0{stamp.mtime_ns}")
    key = hash_bytes("\n".join(lines).encode(errors="surrogateescape"))
    return user_cache(UNPACKED_FOLDER) / key[:32]
