"""What looking at the same test images again costs: the level of each further look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from augbuild.errors import UsageError
from trainer.statistics.verdict.evidence import FIVE_PERCENT, Level

# A naive user who adds seeds until p < 0.05 finds a difference that is not there in 13 of 100
# cases; with these levels at most in 8 (`benchmarks/null_worlds.py`).
_FIRST_RECIPE = 0.05
_OTHER_RECIPES = 0.025
# Of what a recipe has, each further look takes a fifth; the first one leaves that for it where
# seeds are likely to be added.
_AGAIN = 0.2
_ONCE_FOR_ALL = 0.8
_FEW_SEEDS = 5
_ENOUGH_SEEDS = 10

_ORDINALS = {2: "second", 3: "third"}


@dataclass(frozen=True, slots=True)
class Looked:
    """One earlier comparison on the same test images: its design, and how many seeds it had.

    `design` is the same for the same arms, budget and options, whatever the seeds.
    """

    design: str
    seeds: int


@dataclass(frozen=True, slots=True)
class Declared:
    """What was declared before the first look: the most seeds, and the number of recipes."""

    max_seeds: int | None = None
    recipes: int | None = None


UNDECLARED = Declared()


def check_seeds_again(before: int, seeds: int) -> None:
    """Raise UsageError where too few seeds were added for another look at the same design."""
    enough = math.ceil(1.5 * before)
    if seeds < enough:
        raise UsageError(
            f"--seeds {seeds} adds too little to the {before} seeds that were judged: each look "
            f"takes at least half as many again, {enough} or more"
        )


def find_level(earlier: Sequence[Looked], design: str, seeds: int, declared: Declared) -> Level:
    """Return the level at which a look is judged, after all `earlier` ones at the same images.

    The first recipe on a test set has 5 %, the j-th 2.5 % / j with the degrees of freedom of its
    seeds; with `recipes` declared each has its share of 5 %. That is for all looks at the recipe:
    the first takes it whole, or four fifths below five seeds; each further one a fifth. With
    `max_seeds` declared it is a fifth before and four fifths at the last.
    """
    before = list(dict.fromkeys(look.design for look in earlier))
    place = before.index(design) if design in before else len(before)
    has, of_seeds, reason = _share(place + 1, seeds, declared)
    looks = sum(look.design == design for look in earlier)
    part, why = _part(looks, seeds, declared)
    if part == 1 and not reason:
        return FIVE_PERCENT
    alpha = round(has * part, 12)  # 0.01, and not 0.010000000000000002
    reasons = " and ".join(each for each in (reason, why) if each)
    sentence = f"{reasons[0].upper()}{reasons[1:]}: judged at the level {alpha:.2g}."
    return Level(alpha, of_seeds, sentence)


def _share(place: int, seeds: int, declared: Declared) -> tuple[float, bool, str]:
    """Return what all looks at a recipe share, whether its seeds alone count, and why."""
    if declared.recipes is not None and place <= declared.recipes:
        reason = f"one of {declared.recipes} declared recipes"
        return _FIRST_RECIPE / declared.recipes, seeds < _ENOUGH_SEEDS, reason
    if place == 1:
        return _FIRST_RECIPE, False, ""
    # The best of several equal recipes looks better than it is.
    reason = f"{_nth(place)} recipe on these test images"
    return _OTHER_RECIPES / place, True, reason


def _part(looks: int, seeds: int, declared: Declared) -> tuple[float, str]:
    """Return the part of a recipe's share that this look takes, and why it is not the whole."""
    most = declared.max_seeds
    if most is not None and seeds < most:
        return _AGAIN, f"{seeds} of {most} declared seeds"
    if most is not None:
        return _ONCE_FOR_ALL, f"all {most} declared seeds"
    if looks:
        return _AGAIN, f"{_nth(looks + 1)} look at this design"
    if seeds < _FEW_SEEDS:
        return _ONCE_FOR_ALL, "fewer than five seeds, to which more can be added"
    return 1, ""


def _nth(number: int) -> str:
    return _ORDINALS.get(number, f"{number}th")
