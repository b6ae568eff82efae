"""What counts as a test, and as better than chance."""

from __future__ import annotations

from dataclasses import replace

from tests.trainer.statistics.verdict.made_up import LARGE
from trainer.statistics.verdict.evidence import FIVE_PERCENT, Level


def test_three_pairs_are_a_test() -> None:
    assert replace(LARGE, pairs=3).tested is LARGE.estimate
    assert replace(LARGE, pairs=2).tested is None


def test_one_arm_with_its_interval_above_chance_is_enough() -> None:
    low, high = sorted([LARGE.treatment.low, LARGE.baseline.low])
    assert replace(LARGE, chance=(low + high) / 2).above_chance
    assert not replace(LARGE, chance=high).above_chance
    swapped = replace(LARGE, treatment=LARGE.baseline, baseline=LARGE.treatment)
    assert replace(swapped, chance=(low + high) / 2).above_chance


def test_the_usual_level_has_no_reason() -> None:
    assert Level(0.05, of_seeds=False, reason="") == FIVE_PERCENT
