"""The images of any manifest, table or folder: where each is, its label and its split. No pixels, no torch."""

from __future__ import annotations

import hashlib
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from augbuild.errors import TableError

Split = Literal["train", "validation", "test"]
TrainOn = Literal["original", "augmented", "original+augmented", "placebo"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One image: `name` is as the table has it, `source` groups variants of one original; `row` counts from 1."""

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


@dataclass(frozen=True, slots=True)
class Table:
    """All images of a manifest, in its order; `classes` in the order of their indices."""

    file: Path
    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    sha256: str

    @property
    def has_splits(self) -> bool:
        """Tell whether any image has a split."""
        return any(sample.split for sample in self.samples)

    @property
    def has_variants(self) -> bool:
        """Tell whether any image is augmented."""
        return any(sample.augmented for sample in self.samples)

    def of(self, split: Split) -> tuple[Sample, ...]:
        """Give the images of a split."""
        return tuple(sample for sample in self.samples if sample.split == split)


def training_samples(table: Table, train_on: TrainOn | None) -> tuple[Sample, ...]:
    """Give the images to train on; a table without splits is all training. Raises TableError where there are none.

    `placebo` are the originals, each as often as it has variants: as many files as `augmented`, and nothing new.
    """
    chosen = table.of("train") if table.has_splits else table.samples
    if train_on == "placebo":
        chosen = _placebo(chosen)
    elif train_on != "original+augmented" and train_on is not None:
        chosen = tuple(sample for sample in chosen if sample.augmented == (train_on == "augmented"))
    if not chosen:
        what = f"{train_on} " if train_on else ""
        raise TableError(f"{table.file} has no {what}images to train on")
    present = {sample.label for sample in chosen}
    if len(present) < 2:
        raise TableError(
            f"{table.file}: all training images are {next(iter(present))!r}; there must be two classes"
        )
    return chosen


def _placebo(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    variants = Counter(sample.source for sample in samples if sample.augmented)
    return tuple(
        sample for sample in samples if not sample.augmented for _ in range(variants[sample.source])
    )


def take_fold(table: Table, fold: int) -> Table:
    """Make one fold the test split, without its variants, and the others train; raises TableError."""
    folds = sorted({sample.fold for sample in table.samples if sample.fold is not None})
    if fold not in folds:
        known = (
            f"folds {folds[0]} to {folds[-1]}"
            if folds
            else "no folds: a recipe's [split] folds = 5 makes them"
        )
        raise TableError(f"{table.file} has no fold {fold}; it has {known}")
    moved = (
        replace(sample, split="test" if sample.fold == fold else "train")
        for sample in table.samples
    )
    return replace(
        table, samples=tuple(each for each in moved if each.split == "train" or not each.augmented)
    )


def hold_out(table: Table, share: float, seed: int) -> Table:
    """Move a share of each class's sources to the test split, variants with them; ranked by a hash, so it is stable."""
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for sample in table.samples:
        if sample.split in {"train", None}:
            sources[sample.label].add(_unit(sample))
    held: set[str] = set()
    for names in sources.values():
        ranked = sorted(
            names, key=lambda name: hashlib.sha256(f"{seed}\x1fholdout\x1f{name}".encode()).digest()
        )
        held.update(ranked[: min(int(len(ranked) * share + 0.5), len(ranked) - 1)])
    moved = (_moved(sample, held) for sample in table.samples)
    return replace(table, samples=tuple(sample for sample in moved if sample is not None))


def _unit(sample: Sample) -> str:
    return sample.group or sample.source or sample.name


def _moved(sample: Sample, held: set[str]) -> Sample | None:
    if sample.split not in {"train", None}:
        return sample
    if _unit(sample) not in held:
        return replace(sample, split="train")
    return None if sample.augmented else replace(sample, split="test")  # a variant is no test image


def check_files(table: Table, samples: Sequence[Sample], *, verify: bool = False) -> None:
    """Look at every file before any training: there, a plain file, of its size and, with `verify`, of its hash.

    Raises TableError naming the row. Files of an augbuild manifest may not be links.
    """
    rows = dict.fromkeys(samples)  # a placebo has its rows several times
    seen = Counter((sample.path, sample.split) for sample in rows)
    for sample in rows:
        where = f"{table.file}: row {sample.row}: {sample.name}"
        try:
            status = sample.path.stat() if sample.size is None else sample.path.lstat()
        except OSError as error:
            raise TableError(f"{where} cannot be read: {error.strerror}") from error
        if not stat.S_ISREG(status.st_mode):
            raise TableError(f"{where} is not a plain file")
        if sample.size is not None and status.st_size != sample.size:
            raise TableError(
                f"{where} has {status.st_size:,} bytes, not {sample.size:,}: it was changed; "
                "`augbuild verify` finds all that were"
            )
        if seen[sample.path, sample.split] > 1:
            raise TableError(f"{where} stands in more than one row; remove one of them")
        if verify and sample.sha256 is not None and hash_file(sample.path) != sample.sha256:
            raise TableError(
                f"{where} is not the file that the manifest describes: its sha256 differs"
            )


def hash_file(path: Path) -> str:
    """Give the sha256 of a file in hex; raises TableError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from error


def check_classes(train: Iterable[Sample], held_out: Iterable[Sample], file: Path) -> None:
    """Raise TableError where an image to evaluate on is of a class that no training image has."""
    known = {sample.label for sample in train}
    for sample in held_out:
        if sample.label not in known:
            raise TableError(
                f"{file}: row {sample.row}: {sample.name} is {sample.label!r}, a class that no training image has"
            )
