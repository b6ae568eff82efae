"""Where the images of a table are: names as people write them, found as files."""

from __future__ import annotations

import os
import posixpath
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from augbuild.core.text import plural
from augbuild.sources.findings import Finding
from augbuild.sources.tables.rows import looks_like_image

_SUFFIXES = (".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG", ".bmp", ".tif", ".tiff", ".webp")
_GUESSES = 20  # names without an extension for which all of them are tried
_LARGEST = 2**63 - 1  # that an array of 8 bytes each holds
_WALKED = 100_000  # files looked at for a hint


@dataclass(frozen=True, slots=True)
class Found:
    """Where the image of a row is, or would be, by its path relative to the base.

    `file_id` is one number for one file, by whatever name, and 0 where there is none. `problem`
    is why it cannot be read, or "".
    """

    path: str
    file_id: int = 0
    problem: str = ""


class Locator:
    """Finds the files that a table names, relative to a folder or absolute.

    `suffix` is what all names lack. Names without an extension, with backslashes, or with the
    address of a bucket before them are found, too.
    """

    def __init__(self, base: Path, suffix: str = "") -> None:
        self.base = base
        self.suffix = suffix
        self.escapes = False
        self._guessed = suffix
        self._misses = 0
        self._backslashes = 0
        self._first_missing = ""

    def find(self, name: str) -> Found:
        """Find the file of a name."""
        first = ""
        problem = ""
        for candidate in self._candidates(name):
            path = _normalise(candidate)
            try:
                status = os.stat(self._full(path))  # noqa: PTH116  # a Path takes longer than stat
            except (OSError, ValueError) as error:
                first = first or path
                problem = problem or self._describe(error)
                continue
            if path.startswith(("/", "../")):
                self.escapes = True
            if not stat.S_ISREG(status.st_mode):
                return Found(path, problem="is not a regular file")
            if "\\" in name and "\\" not in path:
                self._backslashes += 1
            file_id = (status.st_dev << 48) ^ status.st_ino
            return Found(path, file_id & _LARGEST)
        self._first_missing = self._first_missing or name
        if first.startswith(("/", "../")):
            self.escapes = True
        return Found(first, problem=problem)

    def _describe(self, error: OSError | ValueError) -> str:
        """Describe why a file cannot be read: one text for all files alike, to spare memory."""
        reason = error.strerror if isinstance(error, OSError) else None
        return sys.intern(f"cannot be read: {reason or error}")

    def _candidates(self, name: str) -> Iterable[str]:
        """Return what a name may stand for, the likeliest first."""
        if not self.suffix and looks_like_image(name) and "\\" not in name and "://" not in name:
            return (name,)
        return self._guess(name)

    def _guess(self, name: str) -> Iterator[str]:
        suffix = self.suffix or self._guessed
        has_suffix = name.lower().endswith(suffix.lower()) if suffix else looks_like_image(name)
        if suffix and not has_suffix:
            yield name + suffix
        else:
            yield name
        if "\\" in name:
            slashed = name.replace("\\", "/")
            yield slashed if has_suffix else slashed + suffix
        if "://" in name:
            # The longest end first: two folders of a bucket may have images of one name.
            parts = name.partition("://")[2].split("/")
            for start in range(len(parts)):
                yield "/".join(parts[start:])
        if not self.suffix and not looks_like_image(name) and self._misses < _GUESSES:
            self._misses += 1
            for guess in _SUFFIXES:
                if os.path.exists(self._full(name + guess)):  # noqa: PTH110  # as above
                    self._guessed = guess
                    self._misses = 0
                    yield name + guess

    def _full(self, path: str) -> str:
        return path if path.startswith("/") else f"{self.base}/{path}"

    def findings(self) -> Iterator[Finding]:
        """Find what the table should say otherwise."""
        if self._backslashes:
            message = f"{plural(self._backslashes, 'path')} with backslashes, read as slashes"
            yield Finding(kind="other", message=message, count=self._backslashes)

    def hint(self) -> str:
        """Return how the first file that was not found may be found."""
        name = self._first_missing
        tried = self._full(next(iter(self._candidates(name))))
        hint = find_alike(self.base, name.replace("\\", "/"))
        return f"tried {tried}; {hint}" if hint else f"tried {tried}"


def _normalise(path: str) -> str:
    # Most paths are normal: they stay the string that they are.
    if "//" in path or "./" in path or path.endswith(("/", "/.", "/..")):
        return posixpath.normpath(path)
    return path


def find_alike(base: Path, name: str) -> str:
    """Return where a file of almost this name is, and the option that finds it."""
    wanted_folder, _, wanted_name = name.rpartition("/")
    wanted_stem = _stem(wanted_name)
    folder_hint = '{0} is there: give --images {1} (images = "{1}" in [source])'
    by_stem = ""
    for path in _walk(base):
        folder, _, found_name = path.rpartition("/")
        if found_name == wanted_name and path.endswith(f"/{name}"):
            return folder_hint.format(path, path.removesuffix(f"/{name}"))
        if found_name == wanted_name:
            return f"{path} is there: the folders that the table names are others"
        if found_name.lower() == wanted_name.lower():
            return f"{path} is there: upper and lower case differ; write them alike"
        found_stem = _stem(found_name)
        if not by_stem and found_stem == wanted_name and looks_like_image(path):
            by_stem = f"{path} is there: give --suffix {found_name.removeprefix(found_stem)}"
            if folder != wanted_folder:
                by_stem += f" --images {folder or '.'}"
        elif not by_stem and found_stem == wanted_stem and looks_like_image(path):
            by_stem = f"{path} is there: the extensions differ; correct the table"
    return by_stem


def _walk(base: Path) -> Iterator[str]:
    """Yield the files below a folder, relative to it; the first 100,000 only."""
    number = 0
    for folder, folders, names in os.walk(base):
        folders.sort()
        below = os.path.relpath(folder, base)
        prefix = "" if below == "." else f"{below}/"
        for name in sorted(names):
            number += 1
            if number > _WALKED:
                return
            yield prefix + name


def _stem(name: str) -> str:
    # PurePosixPath(name).stem takes five times as long, and there may be 100,000 names.
    return os.path.splitext(name)[0]  # noqa: PTH122  # as said
