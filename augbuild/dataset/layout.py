"""Where things lie in an output folder: the names of its files and folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MANIFEST_NAME = "manifest.jsonl"
STATE_FOLDER = ".augbuild"

AUGMENTED_FOLDER = "augmented_train"

STAGING = "staging-"


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """The paths of one output folder; `claim` tells one build that writes there from the next."""

    root: Path
    claim: str = ""

    @property
    def manifest(self) -> Path:
        """Give the manifest, which exists only while the build is complete."""
        return self.root / MANIFEST_NAME

    @property
    def private(self) -> Path:
        """Give the folder that is not part of the tree."""
        return self.root / STATE_FOLDER

    @property
    def staging(self) -> Path:
        """Give the folder where files are written before they are renamed into place.

        Each claim has its own: a worker that outlives its killed parent by half a second finds its folder gone, and can
        put nothing over what the next build writes.
        """
        return self.private / f"{STAGING}{self.claim}"

    @property
    def state(self) -> Path:
        """Give the file of the state."""
        return self.private / "state.sqlite"

    @property
    def set_aside(self) -> Path:
        """Give the place of the manifest while the build changes anything."""
        return self.private / MANIFEST_NAME


INFO_NAME = "dataset.json"
