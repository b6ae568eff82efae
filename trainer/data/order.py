"""In which order images are seen: a function of the seed alone, so that any step can be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trainer.data.samples import Sample


@dataclass(frozen=True, slots=True)
class Order:
    """Batches of image numbers. `units` lists the images that take turns: in pass k, a unit gives its (k mod V)-th.

    With one image a unit, a pass is an epoch over all images. With the variants of a source as a unit, arms of unequal
    size see their sources in the same order.
    """

    units: tuple[tuple[int, ...], ...]
    batch_size: int
    seed: int

    @property
    def batches_per_pass(self) -> int:
        """Count the batches of a pass; a last batch of one image joins the one before, for batch normalisation."""
        full, rest = divmod(len(self.units), self.batch_size)
        return max(full + (rest > 1), 1)

    def batch(self, step: int) -> list[int]:
        """Give the images of a step."""
        number, position = divmod(step, self.batches_per_pass)
        shuffled = _permutation(self.seed, number, len(self.units))
        start = position * self.batch_size
        end = len(shuffled) if position == self.batches_per_pass - 1 else start + self.batch_size
        return [self.units[unit][number % len(self.units[unit])] for unit in shuffled[start:end]]


@lru_cache(maxsize=4)
def _permutation(seed: int, number: int, length: int) -> tuple[int, ...]:
    digest = hashlib.sha256(f"{seed}\x1forder\x1f{number}".encode()).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    return tuple(map(int, generator.permutation(length)))


def epochs_order(samples: Sequence[Sample], batch_size: int, seed: int) -> Order:
    """See every image once a pass."""
    return Order(tuple((index,) for index in range(len(samples))), batch_size, seed)


def steps_order(samples: Sequence[Sample], batch_size: int, seed: int) -> Order:
    """See every source once a pass, with one of its images in turn."""
    units: dict[str, list[int]] = {}
    for index, sample in enumerate(samples):
        units.setdefault(sample.source or sample.name, []).append(index)
    ordered = sorted(units.items())
    return Order(
        tuple(tuple(sorted(each, key=lambda i: samples[i].variant)) for _, each in ordered),
        batch_size,
        seed,
    )
