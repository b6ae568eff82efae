"""Who is train, who is validation and who is test: stratified and exact; groups never straddle."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor

from augbuild.sources.dataset import Source, Split


def groups_by_pattern(sources: Iterable[Source], pattern: str) -> dict[str, str]:
    """Group sources by what a regular expression finds in their paths: its first group, or the whole match.

    Gives the group of each path, named by its smallest path; what has no match stands alone.
    """
    compiled = re.compile(pattern)
    smallest: dict[str, str] = {}
    group_of = {}
    for path in sorted(source.path for source in sources):
        match = compiled.search(path)
        if match and (value := match.group(1 if compiled.groups else 0)) is not None:
            group_of[path] = smallest.setdefault(value, path)
    return group_of


def assign_splits(
    sources: Sequence[Source],
    group_of: Mapping[str, str],
    *,
    seed: int,
    test: float,
    validation: float,
) -> list[Source]:
    """Give every source a split and a group; `group_of` need only hold the paths that are not on their own.

    Of each class, `test` and `validation` are the shares, rounded half up; at least one image stays in train. Groups
    are ranked by a hash of seed and group; test takes the first, validation the last, and of each size of group its
    share. So one image more or less moves at most one other of its class across each border, and no group of several.
    """
    pool = _gather(sources, group_of, seed)
    sizes = Counter(source.label for source in sources)
    left = {label: size - 1 for label, size in sizes.items()}
    splits: dict[str, Split] = {}
    unsplit = Fraction(1)
    shares: tuple[tuple[Split, float], ...] = (("test", test), ("validation", validation))
    for split, number in shares:
        share = Fraction(str(number))  # 0.145 of 100 is 14.5, which no float says
        quotas = {label: _round(size * share) for label, size in sizes.items()}
        for name, members in _pick(pool, share / unsplit, quotas, left):
            splits[name] = split
            for label, count in members.items():
                left[label] -= count
        pool, unsplit = pool.reversed_without(splits), unsplit - share
    return [
        replace(source, split=splits.get(name, "train"), group=name)
        for source in sources
        for name in (group_of.get(source.path, source.path),)
    ]


def assign_folds(
    sources: Sequence[Source], group_of: Mapping[str, str], *, seed: int, folds: int
) -> list[Source]:
    """Give every source a fold from 0 to `folds` - 1, all in train; those of a class differ by one image at most.

    Where groups don't allow that, each goes to the fold that has the fewest of its classes.
    """
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for source in sources:
        groups[group_of.get(source.path, source.path)].append(source.label)
    filled: defaultdict[str, list[int]] = defaultdict(lambda: [0] * folds)
    total = [0] * folds
    chosen: dict[str, int] = {}
    for name in sorted(groups, key=lambda name: (-len(groups[name]), _rank(seed, name))):
        labels = groups[name]
        fold = min(
            range(folds),
            key=lambda each: (sum(filled[label][each] for label in labels), total[each], each),
        )
        chosen[name] = fold
        total[fold] += len(labels)
        for label in labels:
            filled[label][fold] += 1
    return [
        replace(source, split="train", group=name, fold=chosen[name])
        for source in sources
        for name in (group_of.get(source.path, source.path),)
    ]


@dataclass(frozen=True, slots=True)
class _Pool:
    """Groups to choose from, in the order of their ranks: by class and size, apart from those of several classes."""

    plain: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    mixed: dict[str, Counter[str]] = field(default_factory=dict)

    def reversed_without(self, gone: Mapping[str, Split]) -> _Pool:
        """Leave out what is gone and turn the order round."""
        plain = {
            label: {
                size: [name for name in reversed(names) if name not in gone]
                for size, names in by_size.items()
            }
            for label, by_size in self.plain.items()
        }
        return _Pool(
            plain, {name: self.mixed[name] for name in reversed(self.mixed) if name not in gone}
        )


def _gather(sources: Iterable[Source], group_of: Mapping[str, str], seed: int) -> _Pool:
    shared = set(group_of.values())
    members: defaultdict[str, Counter[str]] = defaultdict(Counter)
    by_class: defaultdict[str, defaultdict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for source in sources:
        name = group_of.get(source.path, source.path)
        if name in shared:
            members[name][source.label] += 1
        else:  # most sources: no Counter for each
            by_class[source.label][1].append(name)
    for name, counts in members.items():
        if len(counts) == 1:
            ((label, size),) = counts.items()
            by_class[label][size].append(name)
    mixed = sorted(
        (name for name, counts in members.items() if len(counts) > 1),
        key=lambda name: _rank(seed, name),
    )
    return _Pool(
        {
            label: {
                size: sorted(names, key=lambda name: _rank(seed, name))
                for size, names in by_size.items()
            }
            for label, by_size in by_class.items()
        },
        {name: members[name] for name in mixed},
    )


def _pick(
    pool: _Pool, share: Fraction, quotas: Mapping[str, int], left: Mapping[str, int]
) -> list[tuple[str, Mapping[str, int]]]:
    """Pick groups for one split: as near to the quotas as groups allow, and no more of a class than is `left`.

    `share` is that of what the pool holds. Gives the groups' names and how many images of each class they have.
    """
    picked: list[tuple[str, Mapping[str, int]]] = list(_pick_mixed(pool.mixed, share, left))
    taken: Counter[str] = Counter()
    for _, members in picked:
        taken.update(members)
    for label, by_size in pool.plain.items():
        room, most = max(0, quotas[label] - taken[label]), left[label] - taken[label]
        for size, count in _how_many(
            {size: len(names) for size, names in by_size.items()}, share, room, most
        ).items():
            members = {label: size}
            picked += [(name, members) for name in by_size[size][:count]]
    return picked


def _pick_mixed(
    groups: Mapping[str, Counter[str]], share: Fraction, left: Mapping[str, int]
) -> Iterable[tuple[str, Mapping[str, int]]]:
    """Pick groups of several classes, in order, up to their share: first what fits, then what still brings nearer."""
    missing: defaultdict[str, Fraction] = defaultdict(Fraction)
    room = dict(left)
    for members in groups.values():
        for label, count in members.items():
            missing[label] += count * share
    picked: dict[str, Counter[str]] = {}
    for is_wanted in (_fits, _brings_nearer):
        for name, members in groups.items():
            if name not in picked and is_wanted(members, missing) and _fits(members, room):
                picked[name] = members
                for label, count in members.items():
                    missing[label] -= count
                    room[label] -= count
    return picked.items()


def _fits(members: Mapping[str, int], room: Mapping[str, Fraction | int]) -> bool:
    return all(count <= room[label] for label, count in members.items())


def _brings_nearer(members: Mapping[str, int], missing: Mapping[str, Fraction]) -> bool:
    now = sum(
        missing[label] ** 2 for label in members
    )  # squares: one class far off is worse than all a little
    return sum((missing[label] - count) ** 2 for label, count in members.items()) < now


def _how_many(
    available: Mapping[int, int], share: Fraction, room: int, most: int
) -> dict[int, int]:
    """Tell how many groups of each size to pick, so that their images are `room`, or as near to it as groups allow.

    Of each size about its share is picked, the largest first; the smallest make up the number. Bit n of `sums[i]` says
    whether groups of the i smallest sizes can have n images in all.
    """
    sums = [1]
    sizes = sorted(available)
    for size in sizes:
        sums.append(_sums(sums[-1], size, available[size], most))
    total = _nearest(room, most, lambda number: bool(sums[-1] >> number & 1))
    counts = {}
    for size, below in zip(reversed(sizes), reversed(sums[:-1]), strict=True):
        wanted = min(_round(available[size] * share), available[size])
        fits = _completes(total, size, below)
        counts[size] = _nearest(wanted, available[size], fits)
        total -= counts[size] * size
    return counts


def _completes(total: int, size: int, below: int) -> Callable[[int], bool]:
    return lambda count: count * size <= total and bool(below >> (total - count * size) & 1)


def _sums(bits: int, size: int, count: int, most: int) -> int:
    """Add up to `count` times `size` to every sum in `bits`, in log(count) steps; sums over `most` are left out."""
    step = 1
    while count:
        step = min(step, count)
        bits |= bits << (size * step)
        bits &= (1 << (most + 1)) - 1
        count -= step
        step *= 2
    return bits


def _nearest(wanted: int, most: int, fits: Callable[[int], bool]) -> int:
    """Find the number from 0 to `most` that fits and is nearest to `wanted`, the smaller of two."""
    numbers = (
        number for away in range(wanted + most + 1) for number in (wanted - away, wanted + away)
    )
    return next(number for number in numbers if 0 <= number <= most and fits(number))


def _round(number: Fraction) -> int:
    return floor(number + Fraction(1, 2))


def _rank(seed: int, group: str) -> bytes:
    name = unicodedata.normalize("NFC", group)  # macOS and Linux may spell one name in two ways
    return hashlib.sha256(f"{seed}\x1fsplit\x1f{name}".encode()).digest()[:16]
