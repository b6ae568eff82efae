"""Pairs joined into groups, while they are found and afterwards."""

from __future__ import annotations

import time
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from augbuild.similarity.groups import Clusters, group_pairs


class TestGroup:
    def test_pairs_are_joined_under_the_smallest_path(self) -> None:
        assert group_pairs([("c", "d"), ("b", "c"), ("x", "y")]) == {
            "b": "b",
            "c": "b",
            "d": "b",
            "x": "x",
            "y": "x",
        }
        assert list(group_pairs([("c", "d"), ("b", "c"), ("a", "x")])) == ["a", "b", "c", "d", "x"]
        assert group_pairs([]) == {}

    @given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
    def test_same_as_a_search_of_the_graph(self, edges: list[tuple[int, int]]) -> None:
        pairs = [(f"{first:02}", f"{second:02}") for first, second in edges]
        groups = group_pairs(pairs)
        reached = {path: {path} for pair in pairs for path in pair}
        for _ in range(len(pairs)):
            for first, second in pairs:
                both = reached[first] | reached[second]
                for path in both:
                    reached[path] = both
        assert groups == {path: min(all_of_it) for path, all_of_it in reached.items()}


class TestClusters:
    @given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=30))
    def test_same_as_groups(self, edges: list[tuple[int, int]]) -> None:
        clusters = Clusters(16)
        for first, second in edges:
            if clusters.of[first] != clusters.of[second]:
                clusters.join(first, second)
        groups = group_pairs([(f"{first:02}", f"{second:02}") for first, second in edges])
        for first, second in combinations(range(16), 2):
            joined = groups.get(f"{first:02}", first) == groups.get(f"{second:02}", second)
            assert (clusters.of[first] == clusters.of[second]) == joined

    def test_the_larger_keeps_its_number(self) -> None:
        """So that a picture is renumbered only as often as its cluster doubles."""
        clusters = Clusters(6)
        clusters.join(4, 5)
        clusters.join(1, 4)
        assert clusters.of.tolist() == [0, 5, 2, 3, 5, 5]
        clusters.join(5, 0)
        assert clusters.of.tolist() == [5, 5, 2, 3, 5, 5]

    def test_many_are_joined_quickly(self) -> None:
        clusters = Clusters(50_000)
        started = time.perf_counter()
        for number in range(1, 50_000):
            clusters.join(0, number)
        assert len(set(clusters.of.tolist())) == 1
        assert time.perf_counter() - started < 20  # 0.1 s on a quiet machine
