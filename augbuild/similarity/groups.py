"""Pictures that are the same, directly or by way of others, as groups."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

Pair = tuple[str, str]


class Clusters:
    """Groups of numbered pictures while they are being found: `of[i]` numbers the one of i."""

    def __init__(self, count: int) -> None:
        self.of = np.arange(count)
        # Of clusters of several: most pictures stay alone.
        self._members: dict[int, list[int]] = {}

    def join(self, first: int, second: int) -> None:
        """Make one cluster of those of two pictures, by renumbering the smaller."""
        small = int(self.of[first])
        large = int(self.of[second])
        if small == large:
            return
        if len(self._members_of(small)) > len(self._members_of(large)):
            small, large = large, small
        moved = self._members_of(small)
        members = self._members_of(large)
        members += moved
        self._members[large] = members
        self._members.pop(small, None)
        self.of[moved] = large

    def _members_of(self, cluster: int) -> list[int]:
        return self._members.get(cluster, [cluster])


def group_pairs(pairs: Iterable[Pair]) -> dict[str, str]:
    """Join pairs into groups: each path in one maps to the smallest path of its group."""
    parent: dict[str, str] = {}

    def find_root(path: str) -> str:
        parent.setdefault(path, path)
        while parent[path] != path:
            # Halving the way up keeps it short for the next call (Tarjan and van Leeuwen 1984).
            above = parent[path]
            parent[path] = parent[above]
            path = parent[path]
        return path

    for first, second in pairs:
        first_root = find_root(first)
        second_root = find_root(second)
        if first_root < second_root:
            parent[second_root] = first_root
        else:
            parent[first_root] = second_root
    return {path: find_root(path) for path in sorted(parent)}
