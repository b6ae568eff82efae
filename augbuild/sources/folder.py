"""Open a folder of images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from augbuild.core.files import open_regular_file
from augbuild.errors import SourceError
from augbuild.sources.dataset import DEFAULT_OPTIONS, SourceDataset, SourceOptions
from augbuild.sources.folders.assemble import assemble
from augbuild.sources.folders.formats import IMAGE_EXTENSIONS
from augbuild.sources.folders.walk import walk_folder
from augbuild.sources.originals import FolderOriginals

__all__ = ["IMAGE_EXTENSIONS", "open_folder"]

_START_BYTES = 16


def open_folder(
    root: Path, options: SourceOptions = DEFAULT_OPTIONS, *, ignore_existing: bool = False
) -> SourceDataset:
    """Open a folder of images.

    The class is the top folder, as in torchvision's ImageFolder, or the top folder below a split
    folder; images may lie anywhere below. Raises SourceError for what is not a folder, cannot be
    read, has nothing that could be trained on, or is laid out in a way that could mean two things.
    """
    if not root.is_dir():
        kind = "is a file, not a folder" if root.exists() else "does not exist"
        wanted = "the source is a folder with a folder of images for each class"
        raise SourceError(f"{root} {kind}; {wanted}")
    listing = walk_folder(root, options)
    # The identity is of the folder itself, so that a link to it is the same dataset.
    return assemble(
        listing,
        root=root,
        originals=FolderOriginals(root),
        identity=str(root.resolve()),
        read_start=_Starts(root).read,
        ignore_existing=ignore_existing,
    )


@dataclass(frozen=True, slots=True)
class _Starts:
    """The first bytes of the files of a folder."""

    root: Path

    def read(self, path: str) -> bytes:
        try:
            with open_regular_file(self.root / path) as file:
                return file.read(_START_BYTES)
        except OSError:  # gone meanwhile, or closed to us
            return b""
