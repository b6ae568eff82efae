"""The verdict: its outcome and its sentence, word for word."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.statistics.tests import Estimate, wilson
from trainer.statistics.verdict import Evidence, JudgedArm, Outcome, judge, judge_stopped


def arm(name: str, correct: float, images: int, steps: int = 110) -> JudgedArm:
    return JudgedArm(name, correct / images, *wilson(correct, images), steps)


def with_estimate(evidence: Evidence, delta: float, low: float, high: float) -> Evidence:
    return replace(
        evidence,
        delta=delta,
        estimate=Estimate(delta, low, high, 0.5, 30.0, (high - low) / 4, 0.0, None),
    )


SMALL = Evidence(
    treatment=arm("augmented", 21.5, 28),
    baseline=arm("original", 21, 28),
    delta=0.018,
    estimate=Estimate(0.018, -0.14, 0.18, 0.5, 30.0, 0.08, 0.0, None),
    seeds=10,
    images=28,
    majority=0.5,
    only_treatment=6,
    only_baseline=5,
    metric="accuracy",
    margin=0.02,
    folds=1,
    looks=1,
    adjusted_p=None,
    reencoded=True,
    overridden=(),
)
LARGE = with_estimate(
    replace(
        SMALL, treatment=arm("augmented", 340, 400), baseline=arm("original", 300, 400), images=400
    ),
    *(0.1, 0.061, 0.139),
)
SIGHT = (
    "This test set can see gains of 29 points or more; a 5-point gain needs about 940 test images. "
)
HOLDS = (
    "Variants are encoded once more than originals. "
    "This holds for this one draw of variants and this one split."
)

GOLDEN = [
    (
        replace(
            SMALL, treatment=arm("augmented", 17, 28), baseline=arm("original", 16, 28), looks=2
        ),
        "AT CHANCE",
        "AT CHANCE: neither augmented (61 % accuracy, 95 % CI [42 %, 76 %]) nor original (57 % "
        "accuracy, 95 % CI "
        "[39 %, 73 %]) is shown to beat always naming the largest class (50 %) on 28 test images "
        "(looked at twice). "
        "Their difference of +1.8 accuracy points says nothing. " + SIGHT + HOLDS,
    ),
    (
        LARGE,
        "HELPS",
        "HELPS: augmented − original = +10 accuracy points, 95 % CI [+6.1, +14], 10 paired seeds, "
        "110 steps each, "
        "400 test images (looked at once). " + HOLDS,
    ),
    (
        with_estimate(replace(LARGE, images=140_000, reencoded=False), 0.01, 0.004, 0.016),
        "HELPS",
        "HELPS: augmented − original = +1 accuracy points, 95 % CI [+0.4, +1.6], 10 paired seeds, "
        "110 steps each, "
        "140,000 test images (looked at once). The difference is real but small: at most 1.6 "
        "points. This holds for "
        "this one draw of variants and this one split.",
    ),
    (
        with_estimate(
            replace(
                LARGE,
                treatment=replace(LARGE.treatment, steps=1100),
                looks=7,
                overridden=("leak: 11 test images are in original",),
            ),
            *(-0.1, -0.139, -0.061),
        ),
        "HURTS",
        "HURTS: augmented − original = −10 accuracy points, 95 % CI [−14, −6.1], 10 paired seeds, "
        "1,100 steps against "
        "110, 400 test images (looked at 7 times). Guards overridden: leak: 11 test images are in "
        "original. The arms "
        "differ in compute, so part of the difference may come from more training. " + HOLDS,
    ),
    (
        with_estimate(replace(LARGE, metric="macro-F1", folds=5), 0.002, -0.008, 0.012),
        "EQUIVALENT",
        "EQUIVALENT ±2: augmented − original = +0.2 macro-F1 points, 95 % CI [−0.8, +1.2], 10 "
        "paired seeds, 110 steps "
        "each, 400 test images in 5 folds (looked at once). Two one-sided tests place the "
        "difference within ±2 points "
        "(p < 0.001). Variants are encoded once more than originals. This holds for this one draw "
        "of variants and "
        "these folds.",
    ),
    (
        SMALL,
        "INCONCLUSIVE",
        "INCONCLUSIVE: augmented − original = +1.8 accuracy points, 95 % CI [−14, +18], 10 paired "
        "seeds, 110 steps "
        "each, 28 test images (looked at once). " + SIGHT + HOLDS,
    ),
    (
        replace(SMALL, seeds=1, estimate=None),
        "INCONCLUSIVE",
        "INCONCLUSIVE: augmented − original = +1.8 accuracy points, 1 paired seed, 110 steps each, "
        "28 test images "
        "(looked at once). In this one pair of runs augmented alone is right on 6 test images and "
        "original alone on 5 "
        "(exact McNemar p = 1.00): too few runs per arm to say what training again would give. "
        + SIGHT
        + HOLDS,
    ),
]


@pytest.mark.parametrize(
    ("evidence", "outcome", "sentence"), GOLDEN, ids=[row[1] for row in GOLDEN]
)
def test_golden(evidence: Evidence, outcome: str, sentence: str) -> None:
    verdict = judge(evidence)
    assert verdict.sentence == sentence
    assert verdict.outcome == outcome


def test_what_a_guard_stopped_is_invalid() -> None:
    reasons = ["11 test images are in a training arm", "the class maps differ"]
    verdict = judge_stopped("augmented", "original", reasons)
    assert (verdict.treatment, verdict.baseline) == ("augmented", "original")
    assert verdict.outcome == "INVALID"
    assert verdict.sentence == (
        "INVALID: augmented − original was not measured: 11 test images are in a training arm; "
        "the class maps differ."
    )


def test_golden_has_all_outcomes() -> None:
    assert {"INVALID", *(outcome for _, outcome, _ in GOLDEN)} == set(get_args(Outcome))


def test_chance_goes_before_a_difference() -> None:
    """Two arms like the largest class alone: no help, however sure their difference."""
    assert judge(replace(LARGE, majority=0.85)).outcome == "AT CHANCE"
    assert judge(replace(LARGE, majority=LARGE.treatment.low)).outcome == "AT CHANCE"


def test_one_arm_above_chance_is_enough() -> None:
    assert judge(replace(LARGE, majority=0.76)).outcome == "HELPS"
    assert (
        judge(
            replace(LARGE, majority=0.76, treatment=LARGE.baseline, baseline=LARGE.treatment)
        ).outcome
        == "HELPS"
    )


def test_a_difference_goes_before_equivalence() -> None:
    small = with_estimate(LARGE, -0.01, -0.016, -0.004)
    assert judge(small).outcome == "HURTS"
    assert "real but small: at most 1.6 points" in judge(small).sentence


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("low", [-0.2, -0.005, 0.05])
def test_below_three_seeds_nothing_is_found(seeds: int, low: float) -> None:
    verdict = judge(with_estimate(replace(LARGE, seeds=seeds), low + 0.005, low, low + 0.01))
    assert verdict.outcome == "INCONCLUSIVE"
    assert "too few runs per arm to say what training again would give" in verdict.sentence
    assert "CI [" not in verdict.sentence
    assert judge(replace(LARGE, seeds=3)).outcome == "HELPS"


def test_two_seeds_name_the_pair_that_mcnemar_saw() -> None:
    sentence = judge(replace(SMALL, seeds=2, only_treatment=6, only_baseline=0)).sentence
    assert "2 paired seeds" in sentence
    assert "In the first pair of runs augmented alone is right on 6 test images" in sentence
    assert "(exact McNemar p = 0.031)" in sentence


def test_several_comparisons_need_the_adjusted_p() -> None:
    found = judge(replace(LARGE, adjusted_p=0.0401))
    assert found.outcome == "HELPS"
    assert "95 % CI [+6.1, +14], Holm-adjusted p = 0.040, 10 paired seeds" in found.sentence
    assert judge(replace(LARGE, adjusted_p=0.05)).outcome == "INCONCLUSIVE"


def test_an_adjusted_p_of_too_few_seeds_is_not_told() -> None:
    assert "Holm" not in judge(replace(LARGE, seeds=2, adjusted_p=0.2)).sentence


def test_a_tiny_test_set_sees_nothing() -> None:
    sentence = judge(replace(SMALL, images=3)).sentence
    assert (
        "This test set is too small to see any gain; a 5-point gain needs about 940 test images."
        in sentence
    )


def test_little_disagreement_is_taken_to_be_at_least_the_gain() -> None:
    sentence = judge(replace(SMALL, images=140, disagree=0.01)).sentence
    assert "a 5-point gain needs about 155 test images" in sentence


def test_the_margin_decides_what_is_equivalent() -> None:
    evidence = with_estimate(LARGE, 0.01, -0.03, 0.05)
    assert judge(evidence).outcome == "INCONCLUSIVE"
    assert judge(replace(evidence, margin=0.05)).sentence.startswith("EQUIVALENT ±5: ")


@given(st.floats(-0.3, 0.3), st.floats(0.001, 0.3), st.integers(1, 12))
def test_swapping_the_arms_turns_the_verdict(delta: float, half: float, seeds: int) -> None:
    evidence = with_estimate(replace(LARGE, seeds=seeds), delta, delta - half, delta + half)
    swapped = replace(evidence, treatment=evidence.baseline, baseline=evidence.treatment)
    swapped = with_estimate(swapped, -delta, -delta - half, -delta + half)
    turned = {"HELPS": "HURTS", "HURTS": "HELPS"}
    outcome = judge(evidence).outcome
    assert judge(swapped).outcome == turned.get(outcome, outcome)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-0.0994, 0.0996, "[−9.9, +10]"),
        (-0.001, 1.0, "[−0.1, +100]"),
        (-0.0000049, 0.00046, "[0, +0.046]"),
        (-0.1, 0.0, "[−10, 0]"),
    ],
)
def test_points_have_two_digits_and_zero_no_sign(low: float, high: float, text: str) -> None:
    assert f"95 % CI {text}, " in judge(with_estimate(LARGE, 0.0, low, high)).sentence


@pytest.mark.parametrize("more", ["treatment", "baseline"])
def test_unequal_steps_are_named_whichever_arm_has_more(more: str) -> None:
    if more == "treatment":
        unequal = replace(LARGE, treatment=replace(LARGE.treatment, steps=220))
    else:
        unequal = replace(LARGE, baseline=replace(LARGE.baseline, steps=220))
    sentence = judge(unequal).sentence
    assert "The arms differ in compute" in sentence
    assert ("220 steps against 110" in sentence) == (more == "treatment")
    assert ("110 steps against 220" in sentence) == (more == "baseline")
    assert "differ in compute" not in judge(LARGE).sentence


def test_mcnemar_names_the_arm_that_has_more_right() -> None:
    one = replace(SMALL, seeds=1, estimate=None, only_treatment=9, only_baseline=2)
    sentence = judge(one).sentence
    assert "augmented alone is right on 9 test images and original alone on 2" in sentence
    swapped = judge(replace(one, only_treatment=2, only_baseline=9)).sentence
    assert "augmented alone is right on 2 test images and original alone on 9" in swapped


def test_zero_is_no_difference() -> None:
    """An interval that ends at 0 is no help and no harm."""
    assert judge(with_estimate(LARGE, 0.05, 0.0, 0.1)).outcome == "INCONCLUSIVE"
    assert judge(with_estimate(LARGE, -0.05, -0.1, 0.0)).outcome == "INCONCLUSIVE"
    assert judge(with_estimate(LARGE, 0.05, 1e-9, 0.1)).outcome == "HELPS"
    assert judge(with_estimate(LARGE, -0.05, -0.1, -1e-9)).outcome == "HURTS"


def test_a_large_adjusted_p_leaves_equivalence_open() -> None:
    small = with_estimate(LARGE, 0.002, 0.001, 0.003)
    assert judge(small).outcome == "HELPS"
    assert judge(replace(small, adjusted_p=0.2)).outcome == "EQUIVALENT"


def test_small_means_both_ends_are_within_the_margin() -> None:
    assert "real but small" in judge(with_estimate(LARGE, 0.01, 0.001, 0.02)).sentence
    assert "real but small" not in judge(with_estimate(LARGE, 0.01, 0.001, 0.021)).sentence
    assert "at most 2 points" in judge(with_estimate(LARGE, -0.01, -0.02, -0.001)).sentence
    assert "real but small" not in judge(with_estimate(LARGE, -0.01, -0.021, -0.001)).sentence


def test_the_gain_that_is_seen_is_a_whole_number_of_images() -> None:
    """28 images see 27.8 points, which are 7.8 images: 8 of 28 are 28.6 points."""
    assert "can see gains of 29 points or more" in judge(SMALL).sentence
    assert "can see gains of 14 points or more" in judge(replace(SMALL, images=140)).sentence


def test_guards_that_were_overridden_are_all_named() -> None:
    sentence = judge(replace(LARGE, overridden=("leak (2 found)", "classes (1 found)"))).sentence
    assert "Guards overridden: leak (2 found); classes (1 found)." in sentence


def test_two_folds_are_folds() -> None:
    sentence = judge(replace(LARGE, folds=2)).sentence
    assert "400 test images in 2 folds (looked at once)" in sentence
    assert sentence.endswith("this one draw of variants and these folds.")


@pytest.mark.parametrize("seeds", [1, 2])
def test_at_chance_says_nothing_of_single_images(seeds: int) -> None:
    verdict = judge(replace(LARGE, seeds=seeds, majority=0.9))
    assert verdict.outcome == "AT CHANCE"
    assert "McNemar" not in verdict.sentence
