"""A source dataset as a value: images with a label, and perhaps a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from augbuild.errors import Reason
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding
from augbuild.sources.findings import Finding
from augbuild.sources.originals import Originals

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


LayoutName = Literal["auto", "classes", "splits", "class-splits", "leaf"]


Pattern = Annotated[
    str, Meta(pattern=r"\A[^\0]{1,4096}\Z", description="1 to 4,096 characters, none of them NUL")
]
Patterns = Annotated[
    tuple[Pattern, ...], Meta(max_length=1000, description="a list of texts, 1,000 at most")
]


class Columns(msgspec.Struct, frozen=True):
    """The columns of a table that hold each thing, where their names do not say so."""

    path: Pattern | None = None
    label: Pattern | None = None
    split: Pattern | None = None
    group: Pattern | None = None


class SourceOptions(Decoding, frozen=True, omit_defaults=False):
    """How a source is read: what a recipe's `[source]` may say beside its path.

    `classes` and `include` are empty where all are meant; `include` and `exclude` are shell
    patterns on paths; `columns`, `images`, `suffix` and `labels` belong to tables. `images` and
    `labels` are relative to the recipe, as its path is. How files are decoded is the rest.
    """

    layout: LayoutName = "auto"
    classes: Patterns = ()
    include: Patterns = ()
    exclude: Patterns = ()
    columns: Columns = Columns()
    images: Pattern | None = None
    suffix: Annotated[str, Meta(max_length=20, description="at most 20 characters")] = ""
    labels: Pattern | None = None
    follow_links: bool = True


DEFAULT_OPTIONS = SourceOptions()


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

    `root` is where it is on this machine, and `originals` reads its images. `identity` tells this
    dataset from others on the machine. `ignored` counts the files that are not sources, by the
    reason. `attribution` is what the licence of the images asks to be said; `decoding` is how its
    files become pixels.
    """

    root: Path
    originals: Originals
    identity: str
    classes: tuple[str, ...]
    sources: tuple[Source, ...]
    rejected: tuple[Rejected, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    attribution: str | None = None
    decoding: Decoding = DEFAULT_DECODING

    @property
    def is_split(self) -> bool:
        """Check whether the dataset came with splits."""
        return any(source.split for source in self.sources)
