"""Candidates: the best few of each picture, new ones when asked again."""

from __future__ import annotations

import numpy as np
import pytest

from augbuild.similarity import candidates as module
from augbuild.similarity.candidates import AT_ONCE, Candidates, find_candidates
from augbuild.similarity.groups import Clusters

from .drawing import crop, scene, signatures_of


def everyone(count: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.ones(count, np.bool_)


def test_the_best_few_of_each_and_then_the_next() -> None:
    count = 10
    first = np.repeat(np.arange(2), count)
    second = np.tile(np.arange(2, 2 + count), 2)
    candidates = Candidates(first, second, np.linspace(1, 0.5, 2 * count, dtype=np.float32))
    clusters = Clusters(2 + count)
    rows = candidates.take(everyone(2 + count), clusters)
    assert rows.tolist() == [*range(AT_ONCE), *range(count, count + AT_ONCE)]
    clusters.join(0, 2 + AT_ONCE)  # the next in turn is in the same cluster by now
    only_first = everyone(2 + count)
    only_first[1] = False
    rows = candidates.take(only_first, clusters)
    assert rows.tolist() == [*range(AT_ONCE + 1, 2 * AT_ONCE + 1)]
    assert candidates.take(everyone(2 + count), clusters)[0] == 2 * AT_ONCE + 1


@pytest.mark.parametrize("by_index", [False, True])
def test_copies_come_first(by_index: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if by_index:
        monkeypatch.setattr(module, "_INDEX_PAYS_FROM", 1)
    pictures = [*map(scene, range(15)), *(crop(scene(number), 0.92) for number in range(15))]
    found = find_candidates(signatures_of(*pictures))
    assert (np.diff(found.first) >= 0).all()
    starts = np.searchsorted(found.first, np.arange(15))
    assert (found.second[starts] == np.arange(15, 30)).sum() >= 14
    assert (found.first != found.second).all()
    same_first = np.diff(found.first) == 0
    assert (np.diff(found.score)[same_first] <= 0).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures(count: int) -> None:
    found = find_candidates(signatures_of(*[scene(1)] * count))
    assert len(found.first) == (2 if count == 2 else 0)


def test_of_equal_ones_all_name_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 2)
    found = find_candidates(signatures_of(*[scene(1)] * 60))
    assert set(found.second[found.first >= 2].tolist()) == {0, 1}
