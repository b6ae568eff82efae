"""Where things lie in an output folder: the names of its files and folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from augbuild.core.files import read_regular_file, write_atomic

MANIFEST_NAME = "manifest.jsonl"
INFO_NAME = "dataset.json"
CARD_NAME = "README.md"
CHART_NAME = "counts.png"
REJECTED_NAME = "rejected.jsonl"

AUGMENTED_FOLDER = "augmented_train"
IMAGE_FOLDERS = ("train", AUGMENTED_FOLDER, "validation", "test")
STATE_FOLDER = ".augbuild"
STAGING = "staging-"


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """The paths of one output folder; `claim` is unique to one build that writes there."""

    root: Path
    claim: str = ""

    @property
    def manifest(self) -> Path:
        """Return the path of the manifest, which exists only while the build is complete."""
        return self.root / MANIFEST_NAME

    @property
    def private(self) -> Path:
        """Return the folder that is not part of the tree."""
        return self.root / STATE_FOLDER

    @property
    def staging(self) -> Path:
        """Return the folder where files are written before they are renamed into place.

        Each claim has its own: a worker that outlives its killed parent by half a second finds its
        folder gone, and cannot overwrite what the next build writes.
        """
        return self.private / f"{STAGING}{self.claim}"

    @property
    def state(self) -> Path:
        """Return the path of the state."""
        return self.private / "state.sqlite"

    @property
    def set_aside(self) -> Path:
        """Return where the manifest is kept while a build changes anything."""
        return self.private / MANIFEST_NAME

    def update(self, name: str, content: bytes) -> None:
        """Write a file of the tree, unless it already has this content; raises OSError."""
        path = self.root / name
        try:
            # A file that is longer is not read; nor is a pipe, which would block.
            unchanged = read_regular_file(path, len(content)) == content
        except OSError:
            unchanged = False
        if not unchanged:
            write_atomic(path, content, self.staging)
