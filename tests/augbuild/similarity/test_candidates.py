"""Signatures propose pairs: all that a thumbnail could confirm, each once, by no full search."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from augbuild.similarity import candidates
from augbuild.similarity.candidates import propose_turned, propose_within
from augbuild.similarity.groups import Clusters
from augbuild.similarity.hashes import Signatures, parse_signatures


def signatures_of(table: NDArray[np.uint8]) -> Signatures:
    return parse_signatures(table.tobytes())


class TestWithin:
    """The search by bands against the search that it stands for."""

    @staticmethod
    def found(table: NDArray[np.uint8]) -> Iterable[tuple[int, int]]:
        for first, seconds in propose_within(
            parse_signatures(table.tobytes()), Clusters(len(table))
        ):
            yield from ((min(first, second), max(first, second)) for second in seconds.tolist())

    @given(st.integers(2, 60), st.integers(0, 2**32), st.integers(1, 5), st.sampled_from([3, 100]))
    def test_all_pairs_once(self, count: int, seed: int, flips: int, rows: int) -> None:
        random = np.random.default_rng(seed)
        table = np.repeat(random.integers(0, 256, (1, 72), np.uint8), count, axis=0)
        table[:, 8:] = 100 + random.integers(0, 12, (count, 1)) + random.integers(0, 3, (count, 64))
        for row in table:
            for bit in random.integers(0, 64, flips):
                row[bit // 8] ^= np.uint8(1 << bit % 8)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(candidates, "_MAX_ROWS", rows)
            found = sorted(self.found(table))
        hashes = [int.from_bytes(row[:8].tobytes()) for row in table]
        sketches = table[:, 8:].astype(int)
        assert found == [
            (first, second)
            for first, second in combinations(range(count), 2)
            if (hashes[first] ^ hashes[second]).bit_count() <= 4
            and np.abs(sketches[first] - sketches[second]).mean() < 7
        ]

    def test_thousands_that_share_a_hash(self) -> None:
        random = np.random.default_rng(1)
        table = np.zeros((4000, 72), np.uint8)
        table[:, 8:] = random.integers(200, 256, (4000, 64))  # plain, and yet no two the same
        started = time.perf_counter()
        assert list(self.found(table)) == []
        assert time.perf_counter() - started < 20

    def test_pairs_of_a_cluster_are_known(self) -> None:
        table = np.full((4, 72), 9, np.uint8)
        clusters = Clusters(4)
        clusters.join(0, 1)
        clusters.join(2, 3)
        found = [
            (first, other)
            for first, others in propose_within(signatures_of(table), clusters)
            for other in others.tolist()
        ]
        assert sorted(tuple(sorted(pair)) for pair in found) == [(0, 2), (0, 3), (1, 2), (1, 3)]

    def test_what_is_joined_on_the_way_is_not_proposed_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(candidates, "_MAX_ROWS", 1)
        table = np.full((50, 72), 9, np.uint8)
        clusters = Clusters(50)
        proposals = 0
        for first, others in propose_within(signatures_of(table), clusters):
            proposals += 1
            for other in others.tolist():
                if clusters.of[first] != clusters.of[other]:
                    clusters.join(first, other)
        assert proposals == 1

    def test_bands_cover_all_bits_and_none_twice(self) -> None:
        bands = [int(band) for band in candidates._BANDS]
        assert sum(bands) == 2**64 - 1
        assert sum(band.bit_count() for band in bands) == 64
        assert len(bands) > candidates._MAX_BITS


class TestTurned:
    def test_thousands_of_hashes(self) -> None:
        random = np.random.default_rng(1)
        table = parse_signatures(random.integers(0, 256, (10_000, 72), np.uint8).tobytes())
        started = time.perf_counter()
        for _ in range(200):
            versions = random.integers(0, 256, (8, 72), np.uint8).tobytes()
            assert list(propose_turned(parse_signatures(versions), table)) == []
        assert time.perf_counter() - started < 5

    @pytest.mark.parametrize(("flips", "near"), [(0, True), (4, True), (5, False)])
    def test_hashes_differ_in_four_bits_at_most(self, flips: int, near: bool) -> None:
        table = np.full((1, 72), 9, np.uint8)
        version = table.copy()
        for bit in range(flips):
            version[0, bit] ^= np.uint8(128)
        assert self.found(version, table) == ([(0, [0])] if near else [])

    @pytest.mark.parametrize(("step", "near"), [(6, True), (7, False)])
    def test_sketches_differ_by_less_than_seven_levels(self, step: int, near: bool) -> None:
        """Six of a thumbnail, and half a level of rounding on each side."""
        table = np.full((1, 72), 90, np.uint8)
        version = table.copy()
        version[0, 8:] += np.uint8(step)
        assert self.found(version, table) == ([(0, [0])] if near else [])
        assert self.found(table, version) == ([(0, [0])] if near else [])

    def test_each_turn_has_its_own_pictures(self) -> None:
        table = np.array([[9] * 72, [200] * 72, [9] * 72], np.uint8)
        versions = np.array([[50] * 72, [200] * 72, [9] * 72], np.uint8)
        assert self.found(versions, table) == [(1, [1]), (2, [0, 2])]

    @staticmethod
    def found(versions: NDArray[np.uint8], table: NDArray[np.uint8]) -> list[tuple[int, list[int]]]:
        proposed = propose_turned(signatures_of(versions), signatures_of(table))
        return [(turn, others.tolist()) for turn, others in proposed]
