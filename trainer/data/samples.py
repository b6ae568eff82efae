"""Samples: where each image is, its label and its split. Tables of them, and choices among them."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msgspec import UNSET, UnsetType

from augbuild.core import files
from augbuild.core.text import plural
from augbuild.errors import TableError
from augbuild.sources.boxes.box import photo_of
from augbuild.sources.dataset import DEFAULT_OPTIONS as DEFAULT_OPTIONS
from augbuild.sources.dataset import SourceOptions as SourceOptions
from augbuild.sources.dataset import Split as Split
from augbuild.sources.decoding import DEFAULT_DECODING as DEFAULT_DECODING
from augbuild.sources.decoding import Decoding as Decoding
from augbuild.sources.findings import Finding
from augbuild.sources.open import NAMED_SOURCES as NAMED_SOURCES

_NAMED = 10  # of the files that cannot be used

TrainOn = Literal["original", "augmented", "original+augmented", "placebo"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of a table.

    `name` is its path as the table has it, `row` counts from 1. `variant` is -1 for an original,
    `source` the same for all variants of one. `size` in bytes and `sha256` are those that the
    manifest expects, None where a table does not say. `problem` is why there is no file, or "". A
    `path` may name a box of a photo.
    """

    path: Path
    name: str
    label: str
    split: Split | None
    row: int
    augmented: bool = False
    variant: int = -1
    source: str = ""
    size: int | None = None
    sha256: str | None = None
    group: str | None = None
    fold: int | None = None
    problem: str = ""
    decoding: Decoding = DEFAULT_DECODING

    @property
    def file(self) -> Path:
        """Return the file that the image is, or that it is a box of."""
        return Path(photo_of(str(self.path)))


@dataclass(frozen=True, slots=True)
class Table:
    """All images of a manifest, in its order; `classes` in the order of their indices.

    `hint` is how files that are missing may be found.
    """

    file: Path
    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    sha256: str
    findings: tuple[Finding, ...] = ()
    hint: str = ""

    @property
    def has_splits(self) -> bool:
        """Check whether any image has a split."""
        return any(sample.split for sample in self.samples)

    @property
    def decoding(self) -> Decoding:
        """Return how the images are decoded, all alike."""
        return self.samples[0].decoding if self.samples else DEFAULT_DECODING

    @property
    def unusual_decoding(self) -> Decoding | UnsetType:
        """Return how the images are decoded where that is not the default."""
        # What is the default stays out of config.json, as before there was a choice.
        return UNSET if self.decoding == DEFAULT_DECODING else self.decoding

    @property
    def has_variants(self) -> bool:
        """Check whether any image is augmented."""
        return any(sample.augmented for sample in self.samples)

    def of(self, split: Split) -> tuple[Sample, ...]:
        """Return the images of a split."""
        return tuple(sample for sample in self.samples if sample.split == split)


def training_samples(table: Table, train_on: TrainOn | None) -> tuple[Sample, ...]:
    """Return the images to train on; a table without splits is all training.

    `placebo` is each original as often as it has variants: as many files as `augmented`, but no
    new image. Raises TableError where there are no images, or all are of one class.
    """
    chosen = table.of("train") if table.has_splits else table.samples
    originals = tuple(sample for sample in chosen if not sample.augmented)
    variants = tuple(sample for sample in chosen if sample.augmented)
    if train_on == "original":
        chosen = originals
    elif train_on == "augmented":
        chosen = variants
    elif train_on == "placebo":
        times = Counter(sample.source for sample in variants)
        repeated: list[Sample] = []
        for sample in originals:
            repeated += [sample] * times[sample.source]
        chosen = tuple(repeated)
    if not chosen:
        kind = f"{train_on} " if train_on else ""
        raise TableError(f"{table.file} has no {kind}images to train on")
    labels = {sample.label for sample in chosen}
    if len(labels) < 2:
        raise TableError(
            f"{table.file}: all training images are {labels.pop()!r}; "
            "at least two classes are needed"
        )
    return chosen


def check_files(table: Table, samples: Sequence[Sample], *, verify: bool = False) -> None:
    """Check every file before any training: a regular file, of its size and, if `verify`, its hash.

    Raises TableError naming the rows, of files that cannot be read all at once: the first ten and
    how many. Files of an augbuild manifest may not be links.
    """
    unreadable: list[str] = []
    first_rows: dict[tuple[Path, Split | None], int] = {}
    for sample in dict.fromkeys(samples):  # a placebo repeats its samples
        # In two splits it is a leak, which the guards of a comparison find and name.
        first = first_rows.setdefault((sample.path, sample.split), sample.row)
        if first != sample.row:
            rows = f"rows {first} and {sample.row}"
            raise TableError(f"{table.file}: {sample.name} is listed twice ({rows})")
        problem = find_problem(sample)
        if problem:
            unreadable.append(f"row {sample.row}: {sample.name} {problem}")
        elif verify and sample.sha256 not in {None, hash_file(sample.file)}:
            where = f"{table.file}: row {sample.row}: {sample.name}"
            raise TableError(f"{where} is not the file that the manifest describes: sha256 differs")
    if not unreadable:
        return
    if len(unreadable) == 1:
        message = f"{table.file}: {unreadable[0]}"
    else:
        count = plural(len(unreadable), "file")
        message = f"{table.file}: {count} cannot be used: {'; '.join(unreadable[:_NAMED])}"
    if len(unreadable) > _NAMED:
        message += f"; and {len(unreadable) - _NAMED:,} more"
    raise TableError(f"{message}; {table.hint}" if table.hint else message)


def find_problem(sample: Sample) -> str:
    """Return why the file of a sample cannot be used; "" where the file system sees no reason."""
    if sample.problem:
        return sample.problem
    # Anyone's table may link to images elsewhere; in a tree of augbuild a link is foreign.
    is_ours = sample.size is not None
    try:
        status = sample.file.stat(follow_symlinks=not is_ours)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if is_ours and status.st_size != sample.size:
        return (
            f"has {status.st_size:,} bytes instead of {sample.size:,}, "
            "so it has changed; `augbuild verify` finds all files that have"
        )
    return ""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of an image file, in lower-case hex; raises TableError."""
    try:
        return files.hash_file(path)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from error


def check_classes(train: Iterable[Sample], held_out: Iterable[Sample], file: Path) -> None:
    """Raise TableError where an image to evaluate is of a class that no training image has."""
    known = {sample.label for sample in train}
    for sample in held_out:
        if sample.label not in known:
            raise TableError(
                f"{file}: row {sample.row}: {sample.name} is {sample.label!r}, "
                "a class that no training image has"
            )
