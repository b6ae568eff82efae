"""A source dataset as a value: images with a label, and perhaps a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from augbuild.errors import Reason

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Source:
    """One original image.

    `key` is its path without the split folder, `folder` that split folder as it is called on disk,
    or "" where there is none; both are POSIX and relative to the dataset's root. `split`, `group`
    and `fold` are None until they are assigned.
    """

    key: str
    label: str
    folder: str = ""
    split: Split | None = None
    group: str | None = None
    fold: int | None = None

    @property
    def path(self) -> str:
        """Return the path in the source dataset."""
        return f"{self.folder}/{self.key}" if self.folder else self.key


@dataclass(frozen=True, slots=True)
class Rejected:
    """A source that could not be used, with a reason code."""

    source: str
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class SourceDataset:
    """An opened source, its `sources` sorted by path.

    `identity` tells this dataset from others on the machine. `ignored` counts the files that are
    not sources, by the reason. `attribution` is what the licence of the images asks to be said.
    """

    root: Path
    identity: str
    classes: tuple[str, ...]
    sources: tuple[Source, ...]
    rejected: tuple[Rejected, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    attribution: str | None = None

    @property
    def is_split(self) -> bool:
        """Check whether the dataset came with splits."""
        return any(source.split for source in self.sources)
