"""Which fold each source is in, for cross-validation; groups stay together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from augbuild.planning.grouping import Groups, group_name
from augbuild.planning.ranks import rank
from augbuild.sources.dataset import Source

ByFold = Sequence[int]
"""How many images there are in each fold."""


def assign_folds(
    sources: Sequence[Source],
    groups: Groups,
    *,
    seed: int,
    folds: int,
) -> list[Source]:
    """Return every source in train, with a group and a fold from 0 to `folds` - 1, in their order.

    Those of a class differ by one image at most. Where groups don't allow that, each goes to the
    fold that has the fewest of its classes.
    """
    labels_of: dict[str, list[str]] = {}
    in_class: dict[str, list[int]] = {}
    in_all = [0] * folds
    for source in sources:
        name = group_name(source, groups)
        labels = labels_of.setdefault(name, [])
        labels.append(source.label)
        in_class.setdefault(source.label, [0] * folds)

    def largest_first(name: str) -> tuple[int, bytes]:
        size = len(labels_of[name])
        return -size, rank(seed, "split", name)

    fold_of: dict[str, int] = {}
    for name in sorted(labels_of, key=largest_first):
        labels = labels_of[name]
        counts = [in_class[label] for label in labels]
        fold = _emptiest(counts, in_all)
        fold_of[name] = fold
        in_all[fold] += len(labels)
        for count in counts:
            count[fold] += 1
    assigned = []
    for source in sources:
        name = group_name(source, groups)
        fold = fold_of[name]
        assigned.append(replace(source, split="train", group=name, fold=fold))
    return assigned


def _emptiest(counts: Sequence[ByFold], in_all: ByFold) -> int:
    """Find the fold with the fewest images of a group's classes, then of all, then the first.

    `counts` are those of the class of each image of the group.
    """

    def fullness(fold: int) -> tuple[int, int]:
        of_its_classes = 0
        for in_class in counts:
            of_its_classes += in_class[fold]
        return of_its_classes, in_all[fold]

    every_fold = range(len(in_all))
    return min(every_fold, key=fullness)
