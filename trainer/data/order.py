"""The order of images in training: a function of the seed, so that any step can be repeated."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np

from trainer.data.samples import Sample


@dataclass(frozen=True, slots=True)
class Order:
    """Batches of image numbers.

    `units` lists the images that take turns: in each pass a unit contributes one, and in each cycle
    of V passes a unit of V images contributes every one of them once, in an order of the cycle's
    own. With one image a unit, a pass is an epoch over all images. With the variants of a source as
    a unit, arms of unequal size see their sources in the same order, and whatever the number of
    passes, originals and variants are seen about equally often.
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
            cycle, turn = divmod(number, len(unit))
            images = _turns(self.seed, index, cycle, len(unit))
            batch.append(unit[images[turn]])
        return batch

    def count_seen(self, steps: int) -> int:
        """Count the images that so many steps show at least once."""
        passes, batches = divmod(steps, self.batches_per_pass)
        seen = sum(min(len(unit), passes) for unit in self.units)
        begun = _shuffle(self.seed, passes, len(self.units))[: batches * self.batch_size]
        seen += sum(len(self.units[index]) > passes for index in begun)
        return seen

    @property
    def steps_to_see_all(self) -> int:
        """Count the steps after which every image has been shown."""
        passes = max(len(unit) for unit in self.units)
        return passes * self.batches_per_pass


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


@lru_cache(maxsize=65536)
def _turns(seed: int, unit: int, cycle: int, length: int) -> tuple[int, ...]:
    """Return the order in which one cycle shows the images of a unit."""
    if length == 1:
        return (0,)
    # random.Random of a text gives the same numbers in every version of Python.
    order = list(range(length))
    Random(f"{seed}\x1fturns\x1f{unit}\x1f{cycle}").shuffle(order)
    return tuple(order)


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
