"""What looking again costs: each level by its rule, and users who look until they are pleased."""

from __future__ import annotations

import numpy as np
import pytest

from augbuild.errors import UsageError
from trainer.comparison.looks.levels import (
    UNDECLARED,
    Declared,
    Looked,
    check_seeds_again,
    find_level,
)
from trainer.statistics.crossed import crossed
from trainer.statistics.tests import at_level
from trainer.statistics.verdict.evidence import FIVE_PERCENT


def test_the_first_look_has_5_percent_and_4_with_few_seeds() -> None:
    assert find_level((), "a", 5, UNDECLARED) == FIVE_PERCENT
    few = find_level((), "a", 4, UNDECLARED)
    assert (few.alpha, few.of_seeds) == (0.04, False)
    assert few.reason == (
        "Fewer than five seeds, to which more can be added: judged at the level 0.04."
    )


@pytest.mark.parametrize(("looks", "nth"), [(1, "Second"), (2, "Third"), (3, "4th")])
def test_more_seeds_of_one_design_are_judged_at_1_percent(looks: int, nth: str) -> None:
    level = find_level([Looked("a", 3)] * looks, "a", 10, UNDECLARED)
    assert (level.alpha, level.of_seeds) == (0.01, False)
    assert level.reason == f"{nth} look at this design: judged at the level 0.01."


def test_declared_seeds_keep_4_percent_for_the_last_look() -> None:
    declared = Declared(max_seeds=10)
    first = find_level((), "a", 3, declared)
    assert first.alpha == pytest.approx(0.01)
    assert first.reason == "3 of 10 declared seeds: judged at the level 0.01."
    last = find_level([Looked("a", 3)], "a", 10, declared)
    assert last.alpha == pytest.approx(0.04)
    assert last.reason == "All 10 declared seeds: judged at the level 0.04."


def test_other_recipes_on_the_same_images_share_what_is_left() -> None:
    earlier = [Looked("a", 10), Looked("b", 10), Looked("a", 20)]
    level = find_level(earlier, "c", 10, UNDECLARED)
    assert level.alpha == pytest.approx(0.025 / 3)
    assert level.of_seeds
    assert level.reason == "Third recipe on these test images: judged at the level 0.0083."


def test_a_recipe_keeps_its_place_and_its_share_whatever_is_declared_or_added() -> None:
    """A second look, and declared seeds, are parts of what the third recipe has."""
    earlier = [Looked("a", 10), Looked("b", 10), Looked("c", 5), Looked("d", 10)]
    again = find_level(earlier, "c", 10, UNDECLARED)
    assert again.alpha == pytest.approx(0.2 * 0.025 / 3)
    assert again.of_seeds
    assert again.reason == (
        "Third recipe on these test images and second look at this design: "
        "judged at the level 0.0017."
    )
    last = find_level(earlier[:2], "c", 10, Declared(max_seeds=10))
    assert last.alpha == pytest.approx(0.8 * 0.025 / 3)
    assert find_level(earlier, "a", 20, UNDECLARED).alpha == pytest.approx(0.01), "the first one"


def test_declared_recipes_have_equal_shares() -> None:
    declared = Declared(recipes=4)
    first = find_level((), "a", 10, declared)
    second = find_level([Looked("a", 9)], "b", 9, declared)
    assert first.alpha == second.alpha == 0.0125
    assert (first.of_seeds, second.of_seeds) == (False, True), "below ten seeds"
    assert first.reason == "One of 4 declared recipes: judged at the level 0.013."
    fifth = find_level([Looked(name, 9) for name in "abcd"], "e", 10, declared)
    assert fifth.alpha == 0.005, "more than were declared"


def test_another_look_takes_half_as_many_seeds_again() -> None:
    check_seeds_again(3, 5)
    check_seeds_again(4, 6)
    with pytest.raises(UsageError, match=r"--seeds 4 adds too little to the 3 .*, 5 or more"):
        check_seeds_again(3, 4)


def null_world(random: np.random.Generator, seeds: int, images: int) -> np.ndarray:
    """Draw differences of two arms, neither of which is better, [seeds, images]."""
    quality = 0.02 * random.standard_normal((seeds, 1))
    taste = 0.2 * random.standard_normal((1, images))
    return quality + taste + 0.5 * random.standard_normal((seeds, images))


def test_users_who_add_seeds_until_something_is_found() -> None:
    """K = 3, 5, 10, 20 until p is below the level: at most 8 % of null worlds (naive: 16 %)."""
    random = np.random.default_rng(2)
    wrong = naive = 0
    worlds = 400
    for _ in range(worlds):
        d = null_world(random, 20, 100)
        earlier: list[Looked] = []
        found = fooled = False
        for seeds in (3, 5, 10, 20):
            level = find_level(earlier, "a", seeds, UNDECLARED)
            p = crossed(d[:seeds]).p
            found |= p < level.alpha
            fooled |= p < 0.05
            earlier.append(Looked("a", seeds))
        wrong += found
        naive += fooled
    assert wrong / worlds <= 0.08
    assert naive / worlds > wrong / worlds


def test_users_who_try_recipes_until_one_helps() -> None:
    """Twenty recipes on the same images, ten seeds each: at most 8 % of null worlds."""
    random = np.random.default_rng(3)
    wrong = 0
    worlds = 150
    for _ in range(worlds):
        taste = 0.2 * random.standard_normal((1, 100))  # of the baseline, which all share
        earlier: list[Looked] = []
        found = False
        for number in range(20):
            level = find_level(earlier, str(number), 10, UNDECLARED)
            estimate = crossed(taste / 2 + null_world(random, 10, 100))
            if level.of_seeds:
                estimate = at_level(estimate, 0.95, dof=9)
            found |= estimate.p < level.alpha and estimate.delta > 0
            earlier.append(Looked(str(number), 10))
        wrong += found
    assert wrong / worlds <= 0.08
