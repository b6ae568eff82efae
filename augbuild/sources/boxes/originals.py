"""Originals that are boxes in photos: the files that are read are the photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from augbuild.core.files import Stamp
from augbuild.sources.boxes.box import split_box
from augbuild.sources.originals import Originals


@dataclass(frozen=True, slots=True)
class BoxOriginals:
    """Originals of which some are boxes in the originals `photos`.

    `read` returns the whole photo: whoever decodes it cuts out the box that the path names
    (`pixels.originals`).
    """

    photos: Originals

    def read(self, path: str) -> bytes:
        """Read the photo of a box whole; raises ImageError and SourceError."""
        photo, _ = split_box(path)
        return self.photos.read(photo)

    def stat(self, path: str) -> Stamp:
        """Return the stamp of the photo of a box."""
        photo, _ = split_box(path)
        return self.photos.stat(photo)

    def local_path(self, path: str) -> Path | None:
        """Return the file of a photo; None for a box, which is only a part of one."""
        _, box = split_box(path)
        return self.photos.local_path(path) if box is None else None
