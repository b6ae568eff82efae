"""Compiled noise against that of NumPy's own generator."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from augbuild.pixels import replaced
from tests.augbuild.pixels.images import noise

pytest.importorskip("numba", reason="needs numba (the extra fast)")

from augbuild.pixels.compiled.noise import random_noise


@pytest.mark.parametrize("seed", [0, 1, 42, 2**31, 2**32 - 1])
@pytest.mark.parametrize("size", [(1, 1), (9, 1), (104, 1), (52, 2), (300, 200)])
def test_every_special_seed_and_size(size: tuple[int, int], seed: int) -> None:
    image = noise(*size)
    for mean, var in ((0.0, 0.01), (0.0, 0.0), (-1.0, 1.0), (1.0, 0.3), (0, 0)):
        ours = random_noise(image, mean, var, seed)
        theirs = replaced.random_noise(image, mean, var, seed)
        assert ours.tobytes() == theirs.tobytes(), (mean, var)


@settings(max_examples=150)
@given(
    width=st.integers(1, 200),
    height=st.integers(1, 100),
    mean=st.floats(-1, 1),
    var=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_noise(width: int, height: int, mean: float, var: float, seed: int) -> None:
    image = Image.new("RGB", (width, height), (10, 128, 250))
    ours = random_noise(image, mean, var, seed)
    is_equal = ours.tobytes() == replaced.random_noise(image, mean, var, seed).tobytes()
    assert is_equal


def test_millions_of_numbers_in_a_row() -> None:
    image = noise(1500, 1100)
    ours = random_noise(image, 0.01, 0.02, 7)
    assert ours.tobytes() == replaced.random_noise(image, 0.01, 0.02, 7).tobytes()
