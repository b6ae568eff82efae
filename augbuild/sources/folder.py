"""Open a folder of images: walk over it, and make its files the sources of a dataset."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from augbuild.core.files import is_safe_path
from augbuild.errors import SourceError
from augbuild.sources.dataset import DEFAULT_OPTIONS, Rejected, SourceDataset, SourceOptions
from augbuild.sources.findings import Finding
from augbuild.sources.layout import Layout, recognise_layout
from augbuild.sources.originals import FolderOriginals

IMAGE_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}
)
"""What torchvision's ImageFolder takes for an image, in any case."""

# Told apart from other files only to say that these are images, too, but not read.
_FOREIGN_IMAGES = frozenset(
    {".heic", ".heif", ".avif", ".gif", ".jxl", ".svg", ".cr2", ".nef", ".dng"}
)
_MAX_EXTENSION = 12

_FolderId = tuple[int, int]  # device and inode: the folder itself, by whatever path


def open_folder(
    root: Path, options: SourceOptions = DEFAULT_OPTIONS, *, ignore_existing: bool = False
) -> SourceDataset:
    """Open a folder of images.

    The class is the top folder, as in torchvision's ImageFolder, or the top folder below a split
    folder; images may lie anywhere below. Raises SourceError for what is not a folder, cannot be
    read, or has nothing that could be trained on.
    """
    if not root.is_dir():
        kind = "is a file, not a folder" if root.exists() else "does not exist"
        wanted = "the source is a folder with a folder of images for each class"
        raise SourceError(f"{root} {kind}; {wanted}")
    walk = _walk(root, options.follow_links)
    layout = recognise_layout(root, walk.images, ignore_existing=ignore_existing)
    sources = []
    for path in walk.images:
        source = layout.source(path)
        if source is None:
            walk.ignored["not in a class folder"] += 1
        else:
            sources.append(source)
    if not sources:
        raise SourceError(_why_empty(walk))
    class_folders = _find_class_folders(walk, layout)
    classes = {folder.rpartition("/")[2] for folder in class_folders if is_safe_path(folder)}
    findings = _find_similar_names(classes)
    findings += _find_empty_folders(walk.folders - class_folders, layout.class_depth)
    # The identity is of the folder itself, so that a link to it is the same dataset.
    return SourceDataset(
        root=root,
        originals=FolderOriginals(root),
        identity=str(root.resolve()),
        classes=tuple(sorted(classes)),
        sources=tuple(sources),
        rejected=tuple(walk.rejected.values()),
        ignored=dict(sorted(walk.ignored.items())),
        findings=tuple(findings),
    )


@dataclass(slots=True)
class _Walk:
    """A walk over a folder, and what it finds, by paths relative to the root.

    `folders` are those that it went into. `rejected` are images that cannot be used; `ignored`
    counts all else by the reason why it is not a source.
    """

    root: Path
    follow_links: bool
    images: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    rejected: dict[str, Rejected] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)

    def visit(self, entry: os.DirEntry[str], path: str, above: frozenset[_FolderId]) -> bool:
        """Note what an entry is; return whether it is a folder to go into."""
        if entry.name.startswith("."):
            self.ignored["hidden"] += 1
        elif _succeeds(entry.is_dir):
            if self.may_enter(entry, above):
                self.folders.add(path)
                return True
            self.ignored["link to a folder"] += 1
        else:
            self.visit_file(entry, path)
        return False

    def may_enter(self, entry: os.DirEntry[str], above: frozenset[_FolderId]) -> bool:
        if not self.follow_links:
            return not entry.is_symlink()
        # A link to a folder that the walk is in makes a loop.
        return _folder_id(Path(entry.path)) not in above

    def visit_file(self, entry: os.DirEntry[str], path: str) -> None:
        extension = PurePosixPath(entry.name).suffix.lower()
        if extension not in IMAGE_EXTENSIONS:
            self.ignored[_name_kind(extension)] += 1
        elif not is_safe_path(path):  # no manifest could name it
            why = "the name is not valid UTF-8, holds a backslash or starts like a drive; rename it"
            self.rejected[path] = Rejected(_legible(path), "bad_name", why)
        elif _succeeds(entry.is_file):
            self.images.append(path)
        elif entry.is_symlink():
            why = "a link to nothing that can be read"
            self.rejected[path] = Rejected(path, "unreadable", why)
        else:
            self.ignored["not a regular file"] += 1


def _walk(root: Path, follow_links: bool) -> _Walk:
    """Walk over a whole folder; raises SourceError for a folder in it that cannot be read."""
    walk = _Walk(root, follow_links)
    # A list of what is still to do, since folders may be nested deeper than Python's calls may.
    waiting: list[tuple[str, frozenset[_FolderId]]] = [("", frozenset())]
    while waiting:
        folder, above = waiting.pop()
        path = root / folder
        try:
            with os.scandir(path) as entries:
                found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
            if follow_links:
                above |= {_folder_id(path)}
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror}") from error
        for entry in found:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if walk.visit(entry, name, above):
                waiting.append((name, above))
    walk.images.sort()
    return walk


def _succeeds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except OSError:  # a link that loops
        return False


def _folder_id(path: Path) -> _FolderId:
    status = path.stat()
    return status.st_dev, status.st_ino


def _name_kind(extension: str) -> str:
    # A long or unprintable end of a name is not an extension that anybody would know.
    if extension and len(extension) <= _MAX_EXTENSION and extension.isprintable():
        return f"extension {extension}"
    return "of another kind"


def _legible(path: str) -> str:
    """Write out the bytes of a path that are not UTF-8, so that it can be printed and stored."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _find_class_folders(walk: _Walk, layout: Layout) -> set[str]:
    """Return the folders that are a class: a class whose images were all rejected is one, too."""
    folders = set()
    for path in (*walk.images, *walk.rejected):
        folder = layout.class_folder(path)
        if folder is not None:
            folders.add(folder)
    return folders


def _why_empty(walk: _Walk) -> str:
    root = walk.root
    if walk.images:
        advice = "put the images of each class into a folder of its own"
        return f"{root} has images but no class folders; {advice}"
    for reason in walk.ignored:
        extension = reason.removeprefix("extension ")
        if extension in _FOREIGN_IMAGES:
            advice = "which are not read; convert them to JPEG or PNG"
            return f"{root} has only {extension} files, {advice}"
    return f"{root} has no images ({', '.join(sorted(IMAGE_EXTENSIONS))}) in class folders"


def _find_empty_folders(folders: Iterable[str], class_depth: int) -> list[Finding]:
    """Find the folders that would each be a class if they had images."""
    findings = []
    for folder in sorted(folders):
        if folder.count("/") == class_depth:
            message = f"{_legible(folder)} has no images and is left out"
            findings.append(Finding(kind="empty class folder", message=message))
    return findings


def _find_similar_names(classes: Iterable[str]) -> list[Finding]:
    """Find the classes whose folder is another's on some file systems."""
    findings = []
    seen: dict[str, str] = {}
    for label in sorted(classes):
        folded = unicodedata.normalize("NFC", label).casefold()
        first = seen.setdefault(folded, label)
        if first != label:
            where = "file systems that ignore case (macOS, Windows)"
            message = f"classes {first!r} and {label!r} share one folder on {where}"
            findings.append(Finding(kind="similar class names", message=message))
    return findings
