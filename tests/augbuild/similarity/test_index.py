"""The index: it finds what comparing all hashes would find."""

from __future__ import annotations

import numpy as np
import pytest

from augbuild.similarity import index
from augbuild.similarity.index import hash_waves, search_index
from augbuild.similarity.pictures.signatures import SIGNATURE, Signatures
from augbuild.similarity.pictures.turns import undo_turn_of_waves


def random_set(count: int, seed: int = 1) -> Signatures:
    """Make signatures whose views are noise, so that no two hashes are near by chance."""
    signatures = np.zeros(count, SIGNATURE)
    random = np.random.default_rng(seed)
    signatures["waves"] = random.integers(-100, 100, signatures["waves"].shape)
    return signatures


def flip_signs(signatures: Signatures, picture: int, view: int, bits: int) -> None:
    """Change the sign of so many waves of a view, spread over all of them."""
    waves = signatures["waves"][picture, view].reshape(64)
    places = np.random.default_rng(bits).choice(64, bits, replace=False)
    waves[places] = np.where(waves[places] > 0, -50, 50)
    signatures["waves"][picture, view] = waves.reshape(8, 8)


def pairs(signatures: Signatures) -> dict[tuple[int, int], float]:
    first, second, score = search_index(signatures, quiet=True)
    return {(int(a), int(b)): float(near) for a, b, near in zip(first, second, score, strict=True)}


@pytest.mark.parametrize("turn", range(8))
@pytest.mark.parametrize("bits", [0, 7, 10])
def test_a_view_that_differs_by_up_to_ten_bits(turn: int, bits: int) -> None:
    signatures = random_set(60)
    waves = signatures["waves"][50, 0].astype(np.float32)
    signatures["waves"][7, 20] = undo_turn_of_waves(turn, waves)
    flip_signs(signatures, 7, 20, bits)
    score = 1 - bits / 64
    assert pairs(signatures) == {(7, 50): score, (50, 7): score}


def test_more_bits_are_another_picture() -> None:
    signatures = random_set(60)
    signatures["waves"][7, 20] = signatures["waves"][50, 0]
    flip_signs(signatures, 7, 20, 11)
    assert pairs(signatures) == {}


def test_the_nearest_view_counts_and_each_pair_comes_once() -> None:
    signatures = random_set(40)
    for view, bits in ((3, 8), (4, 2), (5, 6)):
        signatures["waves"][7, view] = signatures["waves"][30, 0]
        flip_signs(signatures, 7, view, bits)
    assert pairs(signatures)[30, 7] == 1 - 2 / 64


def test_of_many_equal_pictures_the_first_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_KEPT", 3)
    signatures = random_set(30)
    signatures["waves"][10:] = signatures["waves"][10]
    found = pairs(signatures)
    assert {second for first, second in found if first == 25} == {10, 11, 12}


def test_bits_are_signs() -> None:
    waves = np.full((8, 8), -1, np.int8)
    waves[0, 0] = waves[7, 7] = 5
    assert int(np.bitwise_count(hash_waves(waves))) == 2
    assert int(hash_waves(np.zeros((8, 8), np.int8))) == 0
