"""What looking at the same test images again costs: the level of each further look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from augbuild.errors import UsageError
from trainer.statistics.verdict.evidence import FIVE_PERCENT, Level

# A naive user who adds seeds until p < 0.05 finds a difference that is not there in 16 of 100
# cases; with these levels at most in 8 (`benchmarks/type_one_error.py`).
_FIRST_OF_FEW = 0.04
_AGAIN = 0.01
_LAST_DECLARED = 0.04
_OTHER_RECIPES = 0.025
_FEW_SEEDS = 5
_ENOUGH_SEEDS = 10

_ORDINALS = {2: "Second", 3: "Third"}


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

    The first look at a design has 5 %, or 4 % below five seeds; each further one 1 %. With
    `max_seeds` declared it is 1 % before and 4 % at the last. The j-th recipe on one test set has
    2.5 % / j, with the degrees of freedom of its seeds; with `recipes` declared each has its share.
    """
    same = [look for look in earlier if look.design == design]
    others = {look.design for look in earlier if look.design != design}
    if declared.max_seeds is not None:
        return _declared_seeds(seeds, declared.max_seeds)
    if same:
        nth = _nth(len(same) + 1)
        return Level(_AGAIN, reason=f"{nth} look at this design: judged at the level 0.01.")
    # A recipe that was looked at again is still one recipe.
    place = len(others) + 1
    if declared.recipes is not None and place <= declared.recipes:
        alpha = 0.05 / declared.recipes
        reason = f"One of {declared.recipes} declared recipes: judged at the level {alpha:.2g}."
        return Level(alpha, of_seeds=seeds < _ENOUGH_SEEDS, reason=reason)
    if others:
        alpha = _OTHER_RECIPES / place
        reason = (
            f"{_nth(place)} recipe on these test images: judged at the level {alpha:.2g}, since "
            "the best of several equal recipes looks better than it is."
        )
        return Level(alpha, of_seeds=True, reason=reason)
    if seeds < _FEW_SEEDS:
        reason = "Fewer than five seeds: judged at the level 0.04, so that seeds can be added."
        return Level(_FIRST_OF_FEW, reason=reason)
    return FIVE_PERCENT


def _declared_seeds(seeds: int, most: int) -> Level:
    if seeds < most:
        reason = f"{seeds} of {most} declared seeds: judged at the level 0.01."
        return Level(_AGAIN, reason=reason)
    reason = f"All {most} declared seeds: judged at the level 0.04."
    return Level(_LAST_DECLARED, reason=reason)


def _nth(number: int) -> str:
    return _ORDINALS.get(number, f"{number}th")
