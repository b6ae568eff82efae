"""A folder of class folders, or of train/, test/ and val/ or validation/ folders with class folders in them."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from augbuild.errors import SourceError
from augbuild.manifest import Split
from augbuild.sources.dataset import Rejected, Source, SourceDataset

IMAGE_EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"})
"""What torchvision's ImageFolder takes for an image, in any case."""

_SPLIT_FOLDERS: Mapping[str, Split] = {
    "train": "train",
    "test": "test",
    "val": "validation",
    "validation": "validation",
}
_FOREIGN_IMAGES = frozenset({".heic", ".heif", ".avif", ".gif", ".jxl", ".svg", ".cr2", ".nef", ".dng"})
_LONGEST_EXTENSION = 12


@dataclass(slots=True)
class _Scan:
    """What a walk found: paths of images relative to the root, and all else by why it is no source."""

    images: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    rejected: list[Rejected] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)


def open_folder(root: Path, *, ignore_existing: bool = False, follow_links: bool = False) -> SourceDataset:
    """Open a folder of images; raises SourceError where it is none, or holds nothing that could be trained on.

    The class is the top folder, as in torchvision's ImageFolder, or the top folder below a split folder; images may
    lie anywhere below. With `ignore_existing`, split folders only group class folders. Links to files are followed,
    those to folders with `follow_links`.
    """
    if not root.is_dir():
        kind = "is a file, not a folder" if root.exists() else "does not exist"
        raise SourceError(f"{root} {kind}; the source is a folder with a folder of images for each class")
    scan = _scan(root, follow_links=follow_links)
    has_splits = _has_splits(root, scan.images)
    sources = tuple(_sources(scan, has_splits=has_splits, keep_splits=has_splits and not ignore_existing))
    if not sources:
        raise SourceError(_nothing_found(root, scan))
    classes = tuple(sorted({source.label for source in sources}))
    warnings = (*_similar_names(classes), *_empty_folders(scan, sources, has_splits=has_splits))
    return SourceDataset(
        root, str(root.resolve()), classes, sources, tuple(scan.rejected), dict(sorted(scan.ignored.items())), warnings
    )


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
    elif _is_folder(entry):
        pass
    elif not _is_unicode(path):
        scan.rejected.append(Rejected(ascii(path)[1:-1], "bad_name", "the name is not valid UTF-8"))
    elif (extension := PurePosixPath(entry.name).suffix.lower()) not in IMAGE_EXTENSIONS:
        known = extension if 1 < len(extension) <= _LONGEST_EXTENSION and extension.isprintable() else "of another kind"
        scan.ignored[f"extension {known}" if known.startswith(".") else known] += 1
    elif entry.is_file():
        return True
    elif entry.is_symlink():
        scan.rejected.append(Rejected(path, "unreadable", "a link to nothing that can be read"))
    else:
        scan.ignored["not a regular file"] += 1
    return False


def _is_open_folder(
    entry: os.DirEntry[str], scan: _Scan, above: frozenset[tuple[int, int]], *, follow_links: bool
) -> bool:
    """Tell whether an entry is a folder to go into; a link that leads back to where it lies is not."""
    if entry.name.startswith(".") or not _is_folder(entry):
        return False
    if entry.is_symlink() and (not follow_links or _identity(Path(entry.path)) in above):
        scan.ignored["link to a folder"] += 1
        return False
    return True


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that loops
        return False


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _has_splits(root: Path, images: Iterable[str]) -> bool:
    """Tell split folders from classes that are named like them; raises SourceError where nobody could.

    There are splits where all folders with images are called so, train among them, and hold class folders.
    """
    depths: defaultdict[str, set[int]] = defaultdict(set)
    for path in images:
        top, *rest = path.split("/")
        if rest:
            depths[top].add(len(rest))
    named = sorted(name for name in depths if name.casefold() in _SPLIT_FOLDERS)
    if not named:
        return False
    folders = ", ".join(f"{name}/" for name in named)
    others = sorted(set(depths) - set(named))
    loose = [name for name in named if 1 in depths[name]]
    if not others and "train" not in {name.casefold() for name in named}:
        raise SourceError(f"{root} has {folders} but no train/; a source with splits needs one")
    if not others and loose:
        raise SourceError(f"{root}: images lie directly in {loose[0]}/; put them into a folder for each class there")
    if others and not loose and len(named) > 1:
        raise SourceError(
            f"{root} has {folders} beside {others[0]}/: are they splits or classes? Move one or the other"
        )
    return not others


def _sources(scan: _Scan, *, has_splits: bool, keep_splits: bool) -> Iterator[Source]:
    """Give the sources in path order; split folders and labels are one string each, however many images they have."""
    for path in scan.images:
        parts = path.split("/")
        depth = 1 if has_splits else 0
        if len(parts) < depth + 2:
            scan.ignored["not in a class folder"] += 1
            continue
        label = sys.intern(parts[depth])
        if keep_splits:
            folder = sys.intern(parts[0])
            yield Source(path[len(folder) + 1 :], label, folder, _SPLIT_FOLDERS[folder.casefold()])
        else:
            yield Source(path, label)


def _nothing_found(root: Path, scan: _Scan) -> str:
    if scan.images:
        return f"{root} has images but no class folders; put the images of each class into a folder of its own"
    for why in scan.ignored:
        if why.removeprefix("extension ") in _FOREIGN_IMAGES:
            return f"{root} has only {why.removeprefix('extension ')} files, which are not read; convert them to JPEG or PNG"
    return f"{root} has no images ({', '.join(sorted(IMAGE_EXTENSIONS))}) in class folders"


def _similar_names(classes: Iterable[str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for label in classes:
        folded = unicodedata.normalize("NFC", label).casefold()
        if folded in seen:
            yield f"classes {seen[folded]!r} and {label!r} are one folder on file systems that fold case (macOS, Windows)"
        seen.setdefault(folded, label)


def _empty_folders(scan: _Scan, sources: Iterable[Source], *, has_splits: bool) -> Iterator[str]:
    depth = 1 if has_splits else 0
    used = {"/".join(source.path.split("/")[: depth + 1]) for source in sources}
    for folder in sorted(scan.folders):
        if folder.count("/") == depth and folder not in used:
            yield f"{folder} has no images and is left out"
