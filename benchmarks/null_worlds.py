"""Count how often a verdict errs in worlds that break the simple picture, and its intervals hold.

    python benchmarks/null_worlds.py [--repetitions 2000] [--seed 0]

Two arms are trained K times each and tested on the same images; neither is better. Each world adds
one complication of real comparisons. Printed is the share of findings where there is nothing to
find, at the level that `trainer compare` would use, and the share of intervals that hold the truth,
as a Markdown table. `benchmarks/type_one_error.py` has the simple worlds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from trainer.comparison.looks.levels import UNDECLARED, Looked, find_level
from trainer.statistics.crossed import crossed, crossed_variance
from trainer.statistics.scores import MACRO_F1, Predictions, image_scores
from trainer.statistics.tests import at_level

SEEDS = (3, 5, 10)
IMAGES = 140
Array = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Trial:
    """One comparison: differences (seeds, images), groups of the images, and the true mean."""

    differences: Array
    groups: NDArray[np.int64] | None = None
    truth: float = 0.0


def _correct(random: Random, seeds: int, ease: Array, quality: Array) -> Array:
    """Draw which images each run has right, (seeds, images)."""
    taste = 0.5 * random.standard_normal(ease.shape)
    noise = random.standard_normal((seeds, *ease.shape))
    right = ease + taste + quality[:, None] + noise > 0
    return right.astype(np.float64)


def _difference(random: Random, seeds: int, ease: Array, shift: Array | float = 0.0) -> Array:
    first = _correct(random, seeds, ease, 0.15 * random.standard_normal(seeds) + shift)
    second = _correct(random, seeds, ease, 0.15 * random.standard_normal(seeds))
    return first - second


def _ease(random: Random, images: int) -> Array:
    return 1.0 + random.standard_normal(images)


def copies(random: Random, seeds: int, size: int) -> Trial:
    """Test images in groups of `size` nearly equal pictures: right or wrong together."""
    number = IMAGES // size
    few = _difference(random, seeds, _ease(random, number))
    together = np.repeat(few, size, axis=1)
    # One answer in ten of a copy is its own.
    own = _difference(random, seeds, _ease(random, number * size))
    differs = random.random(together.shape) < 0.1
    return Trial(np.where(differs, own, together), np.repeat(np.arange(number), size))


def draws(random: Random, seeds: int, points: float) -> Trial:
    """Draws of variants that are better or worse, a draw a seed: no mean effect."""
    slope = 3.5  # on the scale of `ease`, for a share of correct images of 1
    shift = points / 100 * slope * random.standard_normal(seeds)
    return Trial(_difference(random, seeds, _ease(random, IMAGES), shift))


def uneven(random: Random, seeds: int) -> Trial:
    """Macro F1 where one class of two has 5 % of the images."""
    targets = (np.arange(400) % 20 == 0).astype(np.int64)
    ease = 0.5 + random.standard_normal(400) + 1.0 * (targets == 0)
    arms = []
    for _ in range(2):
        right = _correct(random, seeds, ease, 0.15 * random.standard_normal(seeds))
        scores = []
        for row in right:
            predicted = np.where(row == 1, targets, 1 - targets)
            scores.append(image_scores(Predictions(targets, predicted), 2)[MACRO_F1])
        arms.append(np.array(scores))
    return Trial(arms[0] - arms[1])


def collapses(random: Random, seeds: int) -> Trial:
    """One run in five fails to train, in either arm: its pair is left out, as the verdict does."""
    difference = _difference(random, seeds, _ease(random, IMAGES))
    failed = (random.random((2, seeds)) < 0.2).any(axis=0)
    return Trial(difference[~failed])


def folds(random: Random, seeds: int) -> Trial:
    """Five folds whose training sets matter: seeds crossed with the means of the folds."""
    ease = _ease(random, IMAGES)
    of_fold = 0.15 * random.standard_normal(5)
    fold = np.arange(IMAGES) % 5
    first = _correct(random, seeds, ease + of_fold[fold], 0.15 * random.standard_normal(seeds))
    second = _correct(random, seeds, ease, 0.15 * random.standard_normal(seeds))
    difference = first - second
    means = [difference[:, fold == number].mean(axis=1) for number in range(5)]
    return Trial(np.stack(means, axis=1))


WORLDS: dict[str, Callable[[Random, int], Trial]] = {
    "test images in groups of 5 copies": lambda random, seeds: copies(random, seeds, 5),
    "test images in groups of 10 copies": lambda random, seeds: copies(random, seeds, 10),
    "draws of the recipe differ by 1 point": lambda random, seeds: draws(random, seeds, 1),
    "draws of the recipe differ by 2 points": lambda random, seeds: draws(random, seeds, 2),
    "macro F1, one class of 5 %": uneven,
    "one run in five fails to train": collapses,
    "five folds, training sets that matter": folds,
}


def measure(
    world: Callable[[Random, int], Trial], seeds: int, repetitions: int, seed: int = 0
) -> tuple[float, float]:
    """Return the shares of false findings, and of intervals that hold the truth."""
    random = np.random.Generator(np.random.SFC64([seed, seeds]))
    found = held = judged = 0
    for _ in range(repetitions):
        trial = world(random, seeds)
        if len(trial.differences) < 3:
            continue  # INCONCLUSIVE: too few runs trained
        judged += 1
        result = crossed_variance(trial.differences, trial.groups)
        error = float(np.sqrt(result.variance))
        distance = abs(float(result.delta) - trial.truth)
        alpha = find_level((), "a", seeds, UNDECLARED).alpha
        found += distance > stdtrit(float(result.dof), 1 - alpha / 2) * error
        held += distance <= stdtrit(float(result.dof), 0.975) * error
    return found / repetitions, held / max(judged, 1)


def add_seeds(repetitions: int, seed: int = 0, *, naive: bool = False) -> float:
    """Return how often K = 3, 5, 10, 20 seeds, looked at in turn, find something at last."""
    random = np.random.Generator(np.random.SFC64([seed, 20]))
    wrong = 0
    for _ in range(repetitions):
        difference = _difference(random, 20, _ease(random, IMAGES))
        earlier: list[Looked] = []
        for seeds in (3, 5, 10, 20):
            alpha = 0.05 if naive else find_level(earlier, "a", seeds, UNDECLARED).alpha
            if crossed(difference[:seeds]).p < alpha:
                wrong += 1
                break
            earlier.append(Looked("a", seeds))
    return wrong / repetitions


def try_recipes(repetitions: int, recipes: int, seed: int = 0, *, naive: bool = False) -> float:
    """Return how often one of several recipes, none of which is better, HELPS."""
    random = np.random.Generator(np.random.SFC64([seed, recipes]))
    wrong = 0
    for _ in range(repetitions):
        ease = _ease(random, IMAGES)
        baseline = _correct(random, 10, ease, 0.15 * random.standard_normal(10))
        earlier: list[Looked] = []
        for number in range(recipes):
            arm = _correct(random, 10, ease, 0.15 * random.standard_normal(10))
            estimate = crossed(arm - baseline)
            level = find_level(earlier, str(number), 10, UNDECLARED)
            if level.of_seeds and not naive:
                estimate = at_level(estimate, 0.95, dof=9)
            if estimate.delta > 0 and estimate.p < (0.05 if naive else level.alpha):
                wrong += 1
                break
            earlier.append(Looked(str(number), 10))
    return wrong / repetitions


def main() -> None:
    """Print how often each world is judged wrongly."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    repetitions, seed = arguments.repetitions, arguments.seed
    heads = " | ".join(f"K = {seeds}" for seeds in SEEDS)
    print(f"False findings, and intervals that hold the truth, in {repetitions:,} repetitions.\n")
    print(f"| world | {heads} |\n|---|" + "---:|" * len(SEEDS))
    for name, world in WORLDS.items():
        cells = []
        for seeds in SEEDS:
            found, held = measure(world, seeds, repetitions, seed)
            cells.append(f"{100 * found:.1f} %, {100 * held:.0f} %")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print("\n| user | wrong | at 0.05 each time |\n|---|---:|---:|")
    honest, naive = add_seeds(repetitions, seed), add_seeds(repetitions, seed, naive=True)
    print(
        f"| adds seeds (3, 5, 10, 20) until HELPS or HURTS | {100 * honest:.1f} % | "
        f"{100 * naive:.1f} % |",
        flush=True,
    )
    few = max(repetitions // 10, 1)
    honest, naive = try_recipes(few, 60, seed), try_recipes(few, 60, seed, naive=True)
    print(
        f"| tries 60 recipes until one HELPS ({few:,} repetitions) | {100 * honest:.1f} % | "
        f"{100 * naive:.1f} % |"
    )


if __name__ == "__main__":
    main()
