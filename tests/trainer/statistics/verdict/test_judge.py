"""The outcome of a contrast: each, in its order of precedence."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.statistics.verdict.made_up import LARGE, SMALL, with_estimate
from trainer.statistics.verdict.evidence import Evidence, Failures, Level, Outcome
from trainer.statistics.verdict.judge import judge, judge_outcome, judge_stopped

CHANCE = replace(SMALL, chance=0.8)
ALIKE = with_estimate(LARGE, 0.002, -0.008, 0.012)

CASES: list[tuple[Evidence, Outcome]] = [
    (LARGE, "HELPS"),
    (with_estimate(LARGE, -0.1, -0.139, -0.061), "HURTS"),
    (ALIKE, "EQUIVALENT"),
    (CHANCE, "NOT ABOVE CHANCE"),
    (SMALL, "INCONCLUSIVE"),
    (replace(LARGE, identical=True), "INVALID"),
]


@pytest.mark.parametrize(("evidence", "outcome"), CASES, ids=[outcome for _, outcome in CASES])
def test_each_outcome(evidence: Evidence, outcome: Outcome) -> None:
    verdict = judge(evidence)
    assert verdict.outcome == judge_outcome(evidence) == outcome
    assert verdict.sentence.startswith(outcome)
    assert verdict.next_step


def test_there_are_no_others() -> None:
    written = {outcome for _, outcome in CASES}
    assert written | {"AT CHANCE"} == set(get_args(Outcome)), "AT CHANCE is only read"


def test_a_finding_goes_before_chance() -> None:
    """Version 0.1 called +16 points of macro F1, p = 0.0001, AT CHANCE, by the accuracy."""
    assert judge_outcome(replace(LARGE, chance=0.95)) == "HELPS"
    assert "Neither arm is shown to beat" in judge(replace(LARGE, chance=0.95)).sentence


def test_equivalence_goes_before_chance_and_says_so() -> None:
    verdict = judge(replace(ALIKE, chance=0.95))
    assert verdict.outcome == "EQUIVALENT"
    assert "Neither arm is shown to beat always naming one class (95 % accuracy)." in (
        verdict.sentence
    )
    assert "Neither arm" not in judge(ALIKE).sentence


def test_one_arm_above_chance_is_enough() -> None:
    open_question = with_estimate(LARGE, 0.0, -0.1, 0.1)
    assert judge_outcome(replace(open_question, chance=0.76)) == "INCONCLUSIVE"
    swapped = replace(
        open_question,
        chance=0.76,
        treatment=LARGE.baseline,
        baseline=LARGE.treatment,
    )
    assert judge_outcome(swapped) == "INCONCLUSIVE"
    at_the_edge = replace(open_question, chance=LARGE.treatment.low)
    assert judge_outcome(at_the_edge) == "NOT ABOVE CHANCE"


def test_a_difference_goes_before_equivalence() -> None:
    assert judge_outcome(with_estimate(LARGE, -0.01, -0.016, -0.004)) == "HURTS"


@pytest.mark.parametrize("pairs", [1, 2])
@pytest.mark.parametrize("low", [-0.2, -0.005, 0.05])
def test_below_three_seeds_nothing_is_found(pairs: int, low: float) -> None:
    evidence = with_estimate(LARGE, low + 0.005, low, low + 0.01)
    assert judge_outcome(replace(evidence, seeds=pairs, pairs=pairs)) == "INCONCLUSIVE"
    assert judge_outcome(replace(evidence, pairs=pairs)) == "INCONCLUSIVE", "others failed"
    assert judge_outcome(replace(LARGE, seeds=3, pairs=3)) == "HELPS"


def test_several_comparisons_need_the_adjusted_p() -> None:
    assert judge_outcome(replace(LARGE, adjusted_p=0.049)) == "HELPS"
    assert judge_outcome(replace(LARGE, adjusted_p=0.05)) == "INCONCLUSIVE"


def test_the_level_decides() -> None:
    evidence = with_estimate(LARGE, 0.1, 0.001, 0.199, p=0.02)
    assert judge_outcome(evidence) == "HELPS"
    assert judge_outcome(replace(evidence, level=Level(0.01))) == "INCONCLUSIVE"
    alike = with_estimate(LARGE, 0.005, -0.01, 0.02)
    assert judge_outcome(alike) == "EQUIVALENT"
    assert judge_outcome(replace(alike, level=Level(0.001))) == "INCONCLUSIVE"


def test_where_runs_failed_nothing_is_equivalent() -> None:
    failures = Failures(0, 1, 0.9)
    assert judge_outcome(replace(ALIKE, failures=failures)) == "INCONCLUSIVE"
    assert judge_outcome(replace(LARGE, failures=failures)) == "HELPS"


def test_the_margin_decides_what_is_equivalent() -> None:
    evidence = with_estimate(LARGE, 0.01, -0.03, 0.05)
    assert judge_outcome(evidence) == "INCONCLUSIVE"
    assert judge_outcome(replace(evidence, margin=0.05)) == "EQUIVALENT"


def test_zero_is_no_difference() -> None:
    """An interval that ends at 0 is no help and no harm."""
    assert judge_outcome(with_estimate(LARGE, 0.05, 0.0, 0.1)) == "INCONCLUSIVE"
    assert judge_outcome(with_estimate(LARGE, -0.05, -0.1, 0.0)) == "INCONCLUSIVE"
    assert judge_outcome(with_estimate(LARGE, 0.05, 1e-9, 0.1)) == "HELPS"
    assert judge_outcome(with_estimate(LARGE, -0.05, -0.1, -1e-9)) == "HURTS"


@given(st.floats(-0.3, 0.3), st.floats(0.001, 0.3), st.integers(1, 12))
def test_swapping_the_arms_turns_the_outcome(delta: float, half: float, seeds: int) -> None:
    evidence = with_estimate(
        replace(LARGE, seeds=seeds, pairs=seeds), delta, delta - half, delta + half
    )
    swapped = replace(evidence, treatment=evidence.baseline, baseline=evidence.treatment)
    swapped = with_estimate(swapped, -delta, -delta - half, -delta + half)
    turned: dict[Outcome, Outcome] = {"HELPS": "HURTS", "HURTS": "HELPS"}
    outcome = judge_outcome(evidence)
    assert judge_outcome(swapped) == turned.get(outcome, outcome)


def test_what_a_guard_stopped_is_invalid() -> None:
    reasons = ["11 test images are in a training arm", "the class maps differ"]
    verdict = judge_stopped("augmented", "original", reasons)
    assert (verdict.treatment, verdict.baseline) == ("augmented", "original")
    assert verdict.outcome == "INVALID"
    assert verdict.sentence == (
        "INVALID: augmented − original was not measured: 11 test images are in a training arm; "
        "the class maps differ."
    )
