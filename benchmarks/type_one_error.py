"""Count how often the test behind a verdict finds a difference where there is none.

    python benchmarks/type_one_error.py [--repetitions 2000] [--seed 0]

Two arms are trained K times each and tested on the same n images; neither is better. A prediction
is right when a sum of normal variables is above a threshold: how hard the image is (shared by both
arms), how well this run went, how this arm takes to this image, and the rest. Nominal level: 5 %.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtri, stdtr

from trainer.statistics.crossed import crossed_variance

SEEDS = (2, 3, 5, 10)
IMAGES = (28, 140, 1000)
BATCH = 4_000_000  # predictions simulated at once, which bounds the memory


@dataclass(frozen=True, slots=True)
class World:
    """Accuracy, and the standard deviation of each part of a prediction; the rest of it has 1."""

    name: str
    accuracy: float
    image: float
    seed: float
    taste: float


WORLDS = (
    World("runs differ by the coin of each image alone", 0.8, image=1.0, seed=0.0, taste=0.0),
    World("runs of slightly unequal quality", 0.8, image=1.0, seed=0.1, taste=0.0),
    World("runs of unequal quality", 0.8, image=1.0, seed=0.3, taste=0.0),
    World("arms that take to other images", 0.8, image=1.0, seed=0.1, taste=1.0),
    World("both, strongly", 0.8, image=2.0, seed=0.6, taste=0.5),
    World("near chance, as at the lab", 0.6, image=0.5, seed=0.15, taste=0.0),
    World("near perfect", 0.95, image=2.0, seed=0.2, taste=0.3),
)


def simulate(
    world: World, repetitions: int, seeds: int, images: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """Draw the differences [repetitions, seeds, images] of two arms, neither of which is better."""

    def normal(deviation: float, *shape: int) -> NDArray[np.float32]:
        return np.float32(deviation) * random.standard_normal(shape, dtype=np.float32)

    whole = math.sqrt(1 + world.image**2 + world.seed**2 + world.taste**2)
    ease = np.float32(ndtri(world.accuracy) * whole) + normal(world.image, repetitions, 1, images)
    correct = []
    for _ in ("one arm", "the other"):
        score = normal(1.0, repetitions, seeds, images)
        score += ease + normal(world.taste, repetitions, 1, images)
        score += normal(world.seed, repetitions, seeds, 1)
        correct.append((score > 0).astype(np.float32))
    return correct[0] - correct[1]


def rejections(
    world: World, repetitions: int, seeds: int, images: int, seed: int = 0
) -> tuple[float, float]:
    """Return how often the crossed test, and McNemar's on one pair of runs, find a difference."""
    random = np.random.Generator(np.random.SFC64([seed, seeds, images]))
    crossed = mcnemar = done = 0
    while done < repetitions:
        count = min(repetitions - done, max(1, BATCH // (seeds * images)))
        differences = simulate(world, count, seeds, images, random)
        found = crossed_variance(differences)
        p = 2 * stdtr(found.dof, -np.abs(found.delta) / np.sqrt(found.variance))
        crossed += int((p < 0.05).sum())
        first = differences[:, 0]
        gained = (first > 0).sum(axis=-1)
        lost = (first < 0).sum(axis=-1)
        p = 2 * bdtr(np.minimum(gained, lost), gained + lost, 0.5)
        mcnemar += int((p < 0.05).sum())
        done += count
    return crossed / repetitions, mcnemar / repetitions


Rates = dict[tuple[World, int, int], tuple[float, float]]
"""By world, seeds and images: how often the crossed test errs, and McNemar's."""


def table(rates: Rates) -> str:
    """Write one row for each world and test, one column for each number of images."""
    header = " | ".join(f"n = {images}" for images in IMAGES)
    lines = [f"| world | test | {header} |", "|---|---|" + "---:|" * len(IMAGES)]
    for world in WORLDS:
        for seeds in SEEDS:
            errors = [rates[world, seeds, images][0] for images in IMAGES]
            lines.append(row(world, f"crossed, K = {seeds}", errors))
        errors = [rates[world, SEEDS[0], images][1] for images in IMAGES]
        lines.append(row(world, "McNemar, one pair of runs", errors))
    return "\n".join(lines)


def row(world: World, test: str, errors: Sequence[float]) -> str:
    """Write one row of the table."""
    cells = " | ".join(f"{100 * error:.1f} %" for error in errors)
    return f"| {world.name} | {test} | {cells} |"


def main() -> None:
    """Print how often each test errs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    repetitions = arguments.repetitions
    rates: Rates = {}
    worst = 0.0
    for world in WORLDS:
        for seeds in SEEDS:
            for images in IMAGES:
                errors = rejections(world, repetitions, seeds, images, arguments.seed)
                rates[world, seeds, images] = errors
                if seeds >= 3:
                    worst = max(worst, errors[0])
    print(f"Differences found where there is none, in {repetitions:,} repetitions (level 5 %).")
    print(f"The crossed test from 3 seeds on: at most {100 * worst:.1f} %.\n")
    print(table(rates))


if __name__ == "__main__":
    main()
