"""A folder of class folders, or of train/, test/ and val/ or validation/ folders with class folders in them."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from augbuild.core.files import is_safe_path
from augbuild.errors import SourceError
from augbuild.sources.dataset import Rejected, Source, SourceDataset, Split

IMAGE_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}
)
"""What torchvision's ImageFolder takes for an image, in any case."""

_SPLIT_FOLDERS: Mapping[str, Split] = {
    "train": "train",
    "test": "test",
    "val": "validation",
    "validation": "validation",
}
_FOREIGN_IMAGES = frozenset(
    {".heic", ".heif", ".avif", ".gif", ".jxl", ".svg", ".cr2", ".nef", ".dng"}
)
_LONGEST_EXTENSION = 12


@dataclass(slots=True)
class _Scan:
    """What a walk found: paths of images and folders relative to the root, and all else by why it is no source."""

    images: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    rejected: dict[str, Rejected] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)


def open_folder(
    root: Path, *, ignore_existing: bool = False, follow_links: bool = False
) -> SourceDataset:
    """Open a folder of images; raises SourceError where it is none, or holds nothing that could be trained on.

    The class is the top folder, as in torchvision's ImageFolder, or the top folder below a split folder; images may
    lie anywhere below. With `ignore_existing`, split folders only group class folders. Links to files are followed,
    those to folders with `follow_links`.
    """
    if not root.is_dir():
        kind = "is a file, not a folder" if root.exists() else "does not exist"
        raise SourceError(
            f"{root} {kind}; the source is a folder with a folder of images for each class"
        )
    scan = _scan(root, follow_links=follow_links)
    depth = 1 if _has_splits(root, scan.images, ignore_existing=ignore_existing) else 0
    sources = tuple(_sources(scan, depth, keep_splits=not ignore_existing))
    if not sources:
        raise SourceError(_nothing_found(root, scan))
    folders = {
        folder for path in (*scan.images, *scan.rejected) if (folder := _class_folder(path, depth))
    }
    classes = tuple(
        sorted({folder.rpartition("/")[2] for folder in folders if is_safe_path(folder)})
    )
    warnings = (*_similar_names(classes), *_empty_folders(scan.folders - folders, depth))
    rejected, ignored = tuple(scan.rejected.values()), dict(sorted(scan.ignored.items()))
    return SourceDataset(root, str(root.resolve()), classes, sources, rejected, ignored, warnings)


def _scan(root: Path, *, follow_links: bool) -> _Scan:
    scan = _Scan()
    waiting: list[tuple[str, frozenset[tuple[int, int]]]] = [("", frozenset())]
    while waiting:
        folder, above = waiting.pop()
        try:
            with os.scandir(root / folder) as entries:
                found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
            here = above | {_identity(root / folder)} if follow_links else above
        except OSError as error:
            raise SourceError(f"{root / folder} cannot be read: {error.strerror}") from error
        for entry in found:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if _is_image(entry, path, scan):
                scan.images.append(path)
            elif _is_open_folder(entry, scan, here, follow_links=follow_links):
                scan.folders.add(path)
                waiting.append((path, here))
    scan.images.sort()
    return scan


def _is_image(entry: os.DirEntry[str], path: str, scan: _Scan) -> bool:
    """Tell whether an entry is a source, and note what else is no folder."""
    if entry.name.startswith("."):
        scan.ignored["hidden"] += 1
    elif _is(entry.is_dir):
        pass
    elif (extension := PurePosixPath(entry.name).suffix.lower()) not in IMAGE_EXTENSIONS:
        known = (
            extension
            if 1 < len(extension) <= _LONGEST_EXTENSION and extension.isprintable()
            else "of another kind"
        )
        scan.ignored[f"extension {known}" if known.startswith(".") else known] += 1
    elif not is_safe_path(path):  # no manifest could name it
        why = "the name is not valid UTF-8, holds a backslash or starts like a drive; rename it"
        scan.rejected[path] = Rejected(_legible(path), "bad_name", why)
    elif _is(entry.is_file):
        return True
    elif entry.is_symlink():
        scan.rejected[path] = Rejected(path, "unreadable", "a link to nothing that can be read")
    else:
        scan.ignored["not a regular file"] += 1
    return False


def _is_open_folder(
    entry: os.DirEntry[str], scan: _Scan, above: frozenset[tuple[int, int]], *, follow_links: bool
) -> bool:
    """Tell whether an entry is a folder to go into; one that is already being walked is not: its links make a loop."""
    if entry.name.startswith(".") or not _is(entry.is_dir):
        return False
    if (entry.is_symlink() and not follow_links) or (
        follow_links and _identity(Path(entry.path)) in above
    ):
        scan.ignored["link to a folder"] += 1
        return False
    return True


def _is(kind: Callable[[], bool]) -> bool:
    try:
        return kind()
    except OSError:  # a link that loops
        return False


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _legible(path: str) -> str:
    """Spell out the bytes of a path that are not UTF-8, so that it can be written down."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _has_splits(root: Path, images: Iterable[str], *, ignore_existing: bool) -> bool:
    """Tell split folders from classes that are named like them; raises SourceError where nobody could.

    There are splits where all folders with images are called so, train among them, and hold class folders. Beside
    other folders with images, such a folder is a class if it has images directly in it.
    """
    depths: defaultdict[str, set[int]] = defaultdict(set)
    for path in images:
        top, *rest = path.split("/")
        if rest:
            depths[top].add(len(rest))
    named = sorted(name for name in depths if name.casefold() in _SPLIT_FOLDERS)
    if not named:
        return False
    others = sorted(set(depths) - set(named))
    nested = [name for name in named if 1 not in depths[name]]
    if others and nested:
        raise SourceError(
            f"{root} has {nested[0]}/ with folders of images beside {others[0]}/: "
            f"if it is a split, move {others[0]}/ away; if it is a class, put its images directly into it"
        )
    if others:
        return False
    if flat := [name for name in named if depths[name] == {1}]:
        raise SourceError(
            f"{root}: images lie directly in {flat[0]}/; put them into a folder for each class there"
        )
    if not ignore_existing and "train" not in {name.casefold() for name in named}:
        folders = ", ".join(f"{name}/" for name in named)
        raise SourceError(f"{root} has {folders} but no train/; a source with splits needs one")
    return True


def _sources(scan: _Scan, depth: int, *, keep_splits: bool) -> Iterator[Source]:
    """Give the sources in path order; split folders and labels are one string each, however many images they have.

    `depth` is that of class folders: 1 below split folders, else 0.
    """
    for path in scan.images:
        parts = path.split("/", depth + 1)
        if len(parts) < depth + 2:
            scan.ignored["not in a class folder"] += 1
        elif depth and keep_splits:
            folder, label = sys.intern(parts[0]), sys.intern(parts[1])
            yield Source(path[len(folder) + 1 :], label, folder, _SPLIT_FOLDERS[folder.casefold()])
        else:
            yield Source(path, sys.intern(parts[depth]))


def _class_folder(path: str, depth: int) -> str:
    """Give the class folder that a path lies in, or "" if it lies above them."""
    parts = path.split("/", depth + 1)
    return path[: -len(parts[-1]) - 1] if len(parts) == depth + 2 else ""


def _nothing_found(root: Path, scan: _Scan) -> str:
    if scan.images:
        return f"{root} has images but no class folders; put the images of each class into a folder of its own"
    for why in scan.ignored:
        extension = why.removeprefix("extension ")
        if extension in _FOREIGN_IMAGES:
            return f"{root} has only {extension} files, which are not read; convert them to JPEG or PNG"
    return f"{root} has no images ({', '.join(sorted(IMAGE_EXTENSIONS))}) in class folders"


def _similar_names(classes: Iterable[str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for label in classes:
        folded = unicodedata.normalize("NFC", label).casefold()
        if folded in seen:
            yield f"classes {seen[folded]!r} and {label!r} are one folder where file systems fold case (macOS, Windows)"
        seen.setdefault(folded, label)


def _empty_folders(folders: Iterable[str], depth: int) -> Iterator[str]:
    for folder in sorted(folders):
        if folder.count("/") == depth:
            yield f"{_legible(folder)} has no images and is left out"
