"""Who is train, who is validation and who is test: stratified and exact; groups never straddle."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import floor

from augbuild.manifest import Split
from augbuild.sources import Source

Groups = Mapping[str, Sequence[Source]]


def groups_by_pattern(sources: Iterable[Source], pattern: str) -> dict[str, str]:
    """Group sources by what a regular expression finds in their paths: its first group, or the whole match.

    Gives the group of each path, named by its smallest path; what has no match stands alone.
    """
    compiled = re.compile(pattern)
    smallest: dict[str, str] = {}
    group_of = {}
    for path in sorted(source.path for source in sources):
        if match := compiled.search(path):
            value = match.group(1) if compiled.groups else match.group()
            group_of[path] = smallest.setdefault(value or "", path)
    return group_of


def assign_splits(
    sources: Sequence[Source], group_of: Mapping[str, str], *, seed: int, test: float, validation: float
) -> list[Source]:
    """Give every source a split and a group.

    Of each class, `test` and `validation` are the shares, rounded half up; at least one image stays in train. Groups
    are ranked by a hash of seed and group, and each is taken where every class in it has room: one source more or
    less then moves at most one other group of its class.
    """
    groups = _gather(sources, group_of)
    sizes = Counter(source.label for source in sources)
    taken: dict[str, Split] = {}
    left = {label: size - 1 for label, size in sizes.items()}
    for split, share in (("test", test), ("validation", validation)):
        quota = {label: min(floor(size * share + 0.5), left[label]) for label, size in sizes.items()}
        for name in sorted(groups.keys() - taken.keys(), key=lambda name: _rank(seed, split, name)):
            members = Counter(source.label for source in groups[name])
            if all(quota[label] >= count for label, count in members.items()):
                taken[name] = "test" if split == "test" else "validation"
                for label, count in members.items():
                    quota[label] -= count
                    left[label] -= count
    return [
        replace(source, split=taken.get(name, "train"), group=name)
        for name, members in groups.items()
        for source in members
    ]


def assign_folds(sources: Sequence[Source], group_of: Mapping[str, str], *, seed: int, folds: int) -> list[Source]:
    """Give every source a fold from 0 to `folds` - 1, all in train; those of a class differ by one image at most.

    Where groups don't allow that, each goes to the fold that has the fewest of its classes.
    """
    groups = _gather(sources, group_of)
    filled: defaultdict[str, list[int]] = defaultdict(lambda: [0] * folds)
    total = [0] * folds
    chosen: dict[str, int] = {}
    by_size = sorted(groups, key=lambda name: (-len(groups[name]), _rank(seed, "folds", name)))
    for name in by_size:
        labels = [source.label for source in groups[name]]
        fold = min(range(folds), key=lambda each: (sum(filled[label][each] for label in labels), total[each], each))
        chosen[name] = fold
        total[fold] += len(labels)
        for label in labels:
            filled[label][fold] += 1
    return [
        replace(source, split="train", group=name, fold=chosen[name])
        for name, members in groups.items()
        for source in members
    ]


def _gather(sources: Sequence[Source], group_of: Mapping[str, str]) -> dict[str, list[Source]]:
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(group_of.get(source.path, source.path), []).append(source)
    return groups


def _rank(seed: int, split: str, group: str) -> bytes:
    return hashlib.sha256(f"{seed}\x1f{split}\x1f{group}".encode()).digest()
