"""What a source dataset is: images with a label, and perhaps a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from augbuild.errors import Reason


@dataclass(frozen=True, slots=True)
class Source:
    """One original image.

    `key` is its path without the split folder, `folder` that split folder as it stands on disk ("" where there is
    none); both POSIX, relative to the dataset's root. `split` is None until it is assigned.
    """

    key: str
    label: str
    folder: str = ""
    split: Split | None = None
    group: str | None = None
    fold: int | None = None

    @property
    def path(self) -> str:
        """Give the path in the source dataset."""
        return f"{self.folder}/{self.key}" if self.folder else self.key


@dataclass(frozen=True, slots=True)
class Rejected:
    """A source that could not be used, with a reason code."""

    source: str
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class SourceDataset:
    """An opened source: `sources` sorted by path; `ignored` counts by why what is no source.

    `identity` tells this dataset from others on the machine; `attribution` is what its licence asks to be said.
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
        """Tell whether the dataset came with splits."""
        return any(source.split for source in self.sources)


Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
