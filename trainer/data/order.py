"""The order of images in training: a function of the seed, so that any step can be repeated."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trainer.data.samples import Sample


@dataclass(frozen=True, slots=True)
class Order:
    """Batches of image numbers.

    `units` lists the images that take turns: in pass k, a unit of V images contributes its
    (k mod V)-th. With one image a unit, a pass is an epoch over all images. With the variants of a
    source as a unit, arms of unequal size see their sources in the same order.
    """

    units: tuple[tuple[int, ...], ...]
    batch_size: int
    seed: int

    @property
    def batches_per_pass(self) -> int:
        """Count the batches of a pass.

        A last batch of one image joins the one before it: batch normalisation needs two.
        """
        full, rest = divmod(len(self.units), self.batch_size)
        if rest > 1:
            full += 1
        return max(full, 1)

    def batch(self, step: int) -> list[int]:
        """Return the image numbers of a step, counted from 0 over all passes."""
        number, position = divmod(step, self.batches_per_pass)
        shuffled = _shuffle(self.seed, number, len(self.units))
        start = position * self.batch_size
        end = start + self.batch_size
        is_last = position == self.batches_per_pass - 1
        if is_last:
            end = len(shuffled)
        batch = []
        for index in shuffled[start:end]:
            unit = self.units[index]
            turn = number % len(unit)
            batch.append(unit[turn])
        return batch


@lru_cache(maxsize=4)
def _shuffle(seed: int, number: int, length: int) -> tuple[int, ...]:
    """Return the permutation of one pass; the cache spares a shuffle for every batch."""
    # A hash and not seed + number: pass 1 of seed 0 must not be pass 0 of seed 1.
    key = f"{seed}\x1forder\x1f{number}"
    digest = hashlib.sha256(key.encode()).digest()
    entropy = int.from_bytes(digest[:16], "big")
    # PCG64 is named, for numpy may change what default_rng returns.
    generator = np.random.Generator(np.random.PCG64(entropy))
    permutation = generator.permutation(length)
    return tuple(permutation.tolist())


def epochs_order(samples: Sequence[Sample], batch_size: int, seed: int) -> Order:
    """Return the order in which a pass sees every image once."""
    units = tuple((index,) for index in range(len(samples)))
    return Order(units, batch_size, seed)


def steps_order(samples: Sequence[Sample], batch_size: int, seed: int) -> Order:
    """Return the order in which a pass sees every source once, with one of its images in turn."""
    # Sorted by source and variant, so that the order of a table's rows changes nothing.
    by_source: defaultdict[str, list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        source = sample.source or sample.name
        by_source[source].append(index)
    units = []
    for _, indices in sorted(by_source.items()):
        indices.sort(key=lambda index: samples[index].variant)
        units.append(tuple(indices))
    return Order(tuple(units), batch_size, seed)
