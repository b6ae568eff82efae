"""What a source looks like: images per class, their sizes, and what its classes are called."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from augbuild.core.documents import to_plain
from augbuild.errors import ImageError
from augbuild.pixels.originals import original_size
from augbuild.sources.dataset import SPLITS, Rejected, SourceDataset
from augbuild.sources.findings import Finding

UNSPLIT = "images"
"""Stands for a split in the counts of a source that has none."""

Size = tuple[int, int]
"""Width and height in pixels, upright."""

# With 95 % confidence the true median lies between the 25th and the 40th of 64: near enough.
_HEADERS_READ = 64

# Folders as MNIST, EMNIST, SVHN and Chars74K name their classes. A number may also be no more than
# the number of a class (Oxford Flowers, GTSRB), which the draft says.
_SIGN = re.compile(
    r"((digit|number|letter|char|character)[ _-]?)?([^\W_]|\d{1,5})"
    r"([ _-](upper|lower|capital|small)(case)?)?"
    r"|zero|one|two|three|four|five|six|seven|eight|nine",
    re.IGNORECASE,
)
_DIRECTIONS = frozenset({"left", "right"})


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen of a source.

    `counts` goes from splits (UNSPLIT where there are none) to classes to numbers of images;
    `sizes` are those of a sample, and `unread` counts the files of it that are no whole images.
    """

    counts: Mapping[str, Mapping[str, int]]
    sizes: tuple[Size, ...] = ()
    unread: int = 0
    rejected: tuple[Rejected, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def is_split(self) -> bool:
        """Check whether the source came with splits."""
        return UNSPLIT not in self.counts

    @property
    def to_augment(self) -> Mapping[str, int]:
        """Return the images of each class that a build may augment: all, or those of train."""
        return self.counts.get(UNSPLIT) or self.counts.get("train") or {}

    @property
    def images(self) -> int:
        """Count the images of all splits."""
        return sum(sum(classes.values()) for classes in self.counts.values())

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the classes of all splits, sorted."""
        names: set[str] = set()
        for classes in self.counts.values():
            names.update(classes)
        return tuple(sorted(names))

    @property
    def median_size(self) -> Size | None:
        """Return the size in the middle, by the longer side; None where no file was read."""
        if not self.sizes:
            return None
        by_longer_side = sorted(self.sizes, key=lambda size: (max(size), size))
        return by_longer_side[len(by_longer_side) // 2]

    def to_json(self) -> dict[str, object]:
        """Return the survey as the values that JSON has."""
        return {
            "images": self.images,
            "counts": {split: dict(classes) for split, classes in self.counts.items()},
            "median_size": self.median_size,
            "sizes_read": len(self.sizes),
            "unread": self.unread,
            "rejected": to_plain(self.rejected),
            "ignored": dict(self.ignored),
            "findings": to_plain(self.findings),
        }


def survey_source(dataset: SourceDataset) -> Survey:
    """Count the images of a source, and read the sizes of some, evenly over all.

    Raises SourceError where the machine is at fault and not a file.
    """
    counted: dict[str, Counter[str]] = {}
    for source in dataset.sources:
        counted.setdefault(source.split or UNSPLIT, Counter())[source.label] += 1
    counts = {}
    for split in (UNSPLIT, *SPLITS):
        if split in counted:
            counts[split] = dict(sorted(counted[split].items()))
    sizes = []
    unread = 0
    # Sorted by path, so that a step over all of them takes every class and camera in its turn.
    step = math.ceil(len(dataset.sources) / _HEADERS_READ)
    for source in dataset.sources[::step]:
        try:
            data = dataset.originals.read(source.path)
            sizes.append(original_size(data, source.path, dataset.decoding))
        except ImageError:
            unread += 1
    return Survey(
        counts=counts,
        sizes=tuple(sizes),
        unread=unread,
        rejected=dataset.rejected,
        ignored=dataset.ignored,
        findings=dataset.findings,
    )


def reads_differently_mirrored(label: str) -> bool:
    """Check whether a class is called like a digit, a letter or a direction.

    A mirror turns a `b` into a `d`, and `turn_left` into `turn_right`.
    """
    name = unicodedata.normalize("NFC", label)
    if len(name) == 1 or _SIGN.fullmatch(name):
        return True
    words = re.split(r"[\W_\d]+", name.lower())
    return not _DIRECTIONS.isdisjoint(words)
