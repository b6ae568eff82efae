"""Walk over a folder: list what is in it, through links as torchvision, timm and fastai do."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from augbuild.core.files import is_safe_path
from augbuild.errors import SourceError
from augbuild.sources.dataset import Rejected, SourceOptions
from augbuild.sources.folders.formats import extension_of, read_extensions
from augbuild.sources.folders.listing import (
    BROKEN_LINK,
    LINK,
    LINK_TWICE,
    NOT_REGULAR,
    Listing,
)

_FolderId = tuple[int, int]  # device and inode: the folder itself, by whatever path


def walk_folder(root: Path, options: SourceOptions) -> Listing:
    """List a whole folder; raises SourceError for a folder in it that cannot be read.

    Links are followed, each real folder once: by its own path if it lies in the source, else by the
    first link to it in the order of paths.
    """
    walk = _Walk(root, os.path.realpath(root), Listing(options))
    walk.enter("")
    while walk.links:
        link = heapq.heappop(walk.links)
        walk.enter(link)
    walk.listing.images.sort()
    return walk.listing


@dataclass(slots=True)
class _Walk:
    """A walk over a folder; `links` are those to folders that it still has to follow."""

    root: Path
    real_root: str
    listing: Listing
    links: list[str] = field(default_factory=list)
    seen: set[_FolderId] = field(default_factory=set)

    def enter(self, top: str) -> None:
        """List a folder and all below that is no link."""
        # A list of what is still to do, since folders may be nested deeper than Python's calls may.
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            for entry in self.read_folder(folder):
                name = f"{folder}/{entry.name}" if folder else entry.name
                if self.visit(entry, name):
                    waiting.append(name)

    def read_folder(self, folder: str) -> list[os.DirEntry[str]]:
        """Return the entries of a folder, sorted; none where it was read by another path."""
        path = self.root / folder
        try:
            status = path.stat()
            identity = status.st_dev, status.st_ino
            # torchvision's os.walk would read it again, and never end in a loop.
            if identity in self.seen:
                self.listing.left_out[LINK_TWICE].append(folder)
                return []
            with os.scandir(path) as entries:
                found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror}") from error
        self.seen.add(identity)
        if folder:
            self.listing.folders.add(folder)
        return found

    def visit(self, entry: os.DirEntry[str], path: str) -> bool:
        """Note what an entry is; return whether it is a folder to go into now."""
        if self.listing.is_hidden(path):
            return False
        is_link = entry.is_symlink()
        if is_link and not self.listing.options.follow_links:
            self.listing.left_out[LINK].append(path)
            return False
        if _succeeds(entry.is_dir):
            if not is_link:
                return True
            self.note_link(path)
            # After all real folders: those are known by their own paths.
            heapq.heappush(self.links, path)
        elif is_link and not (self.root / path).exists():
            self.reject_broken(path)
        elif self.listing.is_image(path):
            self.visit_image(entry, path)
        return False

    def visit_image(self, entry: os.DirEntry[str], path: str) -> None:
        """Note a file with the name of an image."""
        if not _succeeds(entry.is_file):
            self.listing.left_out[NOT_REGULAR].append(path)
            return
        if entry.is_symlink():
            self.note_link(path)
        self.listing.images.append(path)

    def reject_broken(self, path: str) -> None:
        """Note a link to nothing: as an image if it has the name of one."""
        if extension_of(path) in read_extensions() and is_safe_path(path):
            why = "a link to nothing that can be read"
            self.listing.rejected[path] = Rejected(path, "unreadable", why)
        else:
            self.listing.left_out[BROKEN_LINK].append(path)

    def note_link(self, path: str) -> None:
        """Note a link that leads out of the source."""
        # The real path, since a link may lead through other links.
        target = os.path.realpath(self.root / path)
        if os.path.commonpath([target, self.real_root]) != self.real_root:
            self.listing.links_out.append(path)


def _succeeds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except OSError:  # a link that loops
        return False
