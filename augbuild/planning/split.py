"""Which sources are train, validation and test: stratified and exact; groups never straddle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from augbuild.planning.grouping import Groups, group_name
from augbuild.planning.quotas import count_groups, round_half_up
from augbuild.planning.ranks import rank
from augbuild.sources.dataset import Source, Split

Counts = Mapping[str, int]
"""A number of images of each class."""

Amounts = dict[str, Fraction | int]
"""What is still wanted of each class, or may still be taken, in images."""

BySize = Mapping[int, list[str]]
"""Names of groups, by how many images they have."""


def assign_splits(
    sources: Sequence[Source],
    groups: Groups,
    *,
    seed: int,
    test: float,
    validation: float,
) -> list[Source]:
    """Return every source with a split and a group, in their order.

    Of each class, `test` and `validation` are the shares, rounded half up; at least one image stays
    in train. Groups are ranked by a hash of seed and group; test takes the first, validation the
    last, and of each size of group its share. So one image more or less moves at most one other of
    its class across each border, and no group of several.
    """
    sizes = Counter(source.label for source in sources)
    # One image of each class is reserved for train.
    left = {label: size - 1 for label, size in sizes.items()}
    wanted: dict[Split, float] = {"test": test, "validation": validation}
    pool = _collect_groups(sources, groups, seed)
    splits: dict[str, Split] = {}
    unsplit = Fraction(1)
    for split, number in wanted.items():
        # By way of its decimal digits: 0.145 of 100 is 14.5, which no float is.
        share = Fraction(str(number))
        quotas = {label: round_half_up(size * share) for label, size in sizes.items()}
        share_of_pool = share / unsplit
        for group in _pick(pool, share_of_pool, quotas, left):
            splits[group.name] = split
            for label, count in group.members.items():
                left[label] -= count
        pool = pool.reversed_without(splits)
        unsplit -= share
    assigned = []
    for source in sources:
        name = group_name(source, groups)
        split = splits.get(name, "train")
        assigned.append(replace(source, split=split, group=name))
    return assigned


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    members: Counts


@dataclass(frozen=True, slots=True)
class _Pool:
    """Groups to choose from, in the order of their ranks.

    `plain` has the names of groups of one class, by class; `mixed` has the groups of several.
    """

    plain: Mapping[str, BySize]
    mixed: Sequence[_Group]

    def reversed_without(self, gone: Mapping[str, Split]) -> _Pool:
        """Return the pool in the opposite order, without the groups that are `gone`."""
        plain: dict[str, BySize] = {}
        for label, by_size in self.plain.items():
            kept = {}
            for size, names in by_size.items():
                kept[size] = [name for name in reversed(names) if name not in gone]
            plain[label] = kept
        mixed = [group for group in reversed(self.mixed) if group.name not in gone]
        return _Pool(plain, mixed)


def _collect_groups(sources: Iterable[Source], groups: Groups, seed: int) -> _Pool:
    of_several_images = set(groups.values())
    plain: dict[str, dict[int, list[str]]] = {}
    members: dict[str, Counter[str]] = {}
    for source in sources:
        name = group_name(source, groups)
        by_size = plain.setdefault(source.label, {})
        if name in of_several_images:
            counts = members.setdefault(name, Counter())
            counts[source.label] += 1
        else:
            # Most sources: a Counter for each would weigh more than the source.
            by_size.setdefault(1, []).append(name)

    def rank_of(name: str) -> bytes:
        return rank(seed, "split", name)

    mixed = []
    for name in sorted(members, key=rank_of):
        counts = members[name]
        if len(counts) > 1:
            mixed.append(_Group(name, counts))
        else:
            label, size = counts.popitem()
            plain[label].setdefault(size, []).append(name)
    for by_size in plain.values():
        for names in by_size.values():
            names.sort(key=rank_of)
    return _Pool(plain, mixed)


def _pick(
    pool: _Pool,
    share: Fraction,
    quotas: Counts,
    left: Counts,
) -> list[_Group]:
    """Pick groups for one split, as near to the quotas as groups allow.

    `share` is that of what the pool has. No more of a class are picked than are `left`.
    """
    picked = _pick_mixed(pool.mixed, share, left)
    taken: Counter[str] = Counter()
    for group in picked:
        taken.update(group.members)
    for label, by_size in pool.plain.items():
        available = {}
        for size, names in by_size.items():
            available[size] = len(names)
        missing = quotas[label] - taken[label]
        most = left[label] - taken[label]
        counts = count_groups(available, share, max(0, missing), most)
        for size, count in counts.items():
            members = {label: size}
            for name in by_size[size][:count]:
                picked.append(_Group(name, members))
    return picked


def _pick_mixed(
    groups: Sequence[_Group],
    share: Fraction,
    left: Counts,
) -> list[_Group]:
    """Pick groups of several classes, in order, up to their share."""
    missing: Amounts = dict.fromkeys(left, Fraction(0))
    for group in groups:
        for label, count in group.members.items():
            missing[label] += count * share
    room: Amounts = dict(left)
    picked: dict[str, _Group] = {}
    # First the groups that fit, then those that still bring the split nearer to its share.
    for is_wanted in (_fits, _brings_nearer):
        for group in groups:
            members = group.members
            if group.name in picked or not is_wanted(members, missing):
                continue
            if not _fits(members, room):
                continue
            picked[group.name] = group
            for label, count in members.items():
                missing[label] -= count
                room[label] -= count
    return list(picked.values())


def _fits(members: Counts, room: Amounts) -> bool:
    return all(count <= room[label] for label, count in members.items())


def _brings_nearer(members: Counts, missing: Amounts) -> bool:
    """Check whether the classes would be nearer to their shares with this group."""
    now = Fraction(0)
    then = Fraction(0)
    for label, count in members.items():
        amount = missing[label]
        # Squares: one class that is far off is worse than all a little.
        now += amount**2
        then += (amount - count) ** 2
    return then < now
