"""Open an archive as a source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from augbuild.core.files import open_regular_file
from augbuild.errors import ImageError, SourceError
from augbuild.sources.archives.inflate import find_compression, inflate
from augbuild.sources.archives.members import (
    find_oddities,
    list_members,
    refuse_bomb,
    refuse_unusable,
)
from augbuild.sources.archives.tars import TarOriginals
from augbuild.sources.archives.zips import ZipOriginals
from augbuild.sources.dataset import DEFAULT_OPTIONS, SourceDataset, SourceOptions
from augbuild.sources.folders.assemble import assemble

ARCHIVE_EXTENSIONS = (
    ".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz",
)  # fmt: skip

UNREAD_ARCHIVES = (".7z", ".rar", ".tar.zst", ".tzst", ".zst", ".gz", ".xz", ".bz2")
"""Archives of other kinds, and files compressed alone."""

_START_BYTES = 16


def open_archive(
    root: Path, options: SourceOptions = DEFAULT_OPTIONS, *, ignore_existing: bool = False
) -> SourceDataset:
    """Open an archive of images, laid out in any way that a folder may be.

    Raises SourceError for what is damaged, made to fill disks, or cannot be trained on.
    """
    originals = _open_originals(root)
    members = originals.members()
    refuse_bomb(root, sum(member.size for member in members), root.stat().st_size)
    listing = list_members(members, options)
    refuse_unusable(root, listing, members)
    dataset = assemble(
        listing,
        root=root,
        originals=originals,
        identity=str(root.resolve()),
        read_start=_Starts(originals).read,
        ignore_existing=ignore_existing,
    )
    return replace(dataset, findings=(*dataset.findings, *find_oddities(listing)))


def _open_originals(root: Path) -> ZipOriginals | TarOriginals:
    try:
        with open_regular_file(root) as file:
            start = file.read(_START_BYTES)
    except OSError as error:
        raise SourceError(f"{root} cannot be read: {error.strerror}") from error
    if root.name.lower().endswith(".zip"):
        return ZipOriginals(root)
    compression = find_compression(start)
    return TarOriginals(root, inflate(root, compression) if compression else root)


@dataclass(frozen=True, slots=True)
class _Starts:
    """The first bytes of the members of an archive."""

    originals: ZipOriginals | TarOriginals

    def read(self, path: str) -> bytes:
        try:
            return self.originals.read_start(path, _START_BYTES)
        except ImageError:
            return b""
