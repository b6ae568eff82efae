"""The sentences of a verdict, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.trainer.statistics.verdict.made_up import LARGE, SMALL, arm, with_estimate
from trainer.statistics.tests import Estimate
from trainer.statistics.verdict.evidence import Evidence, Failures, Level
from trainer.statistics.verdict.judge import judge
from trainer.statistics.verdict.sight import describe_sight

HOLDS = (
    "Variants are encoded once more than originals. "
    "This holds for this one draw of variants and this one split."
)

GOLDEN = [
    (
        replace(
            SMALL, treatment=arm("augmented", 17, 28), baseline=arm("original", 16, 28), looks=2
        ),
        "NOT ABOVE CHANCE: neither augmented (61 % accuracy, 95 % CI [42 %, 76 %]) nor original "
        "(57 % accuracy, 95 % CI [39 %, 73 %]) is shown to beat always naming one class (50 % "
        "accuracy); 10 seeds, 110 steps each, 28 test images (second look). Their difference of "
        "+1.8 accuracy points [−14, +18] says nothing yet. SIGHT " + HOLDS,
    ),
    (
        LARGE,
        "HELPS: augmented − original = +10 accuracy points, 95 % CI [+6.1, +14], p = 0.003; "
        "10 seeds, 110 steps each, 400 test images (first look). No class is shown to be hurt. "
        + HOLDS,
    ),
    (
        with_estimate(
            replace(LARGE, images=140_000, groups=140_000, reencoded=False), 0.01, 0.004, 0.016
        ),
        "HELPS: augmented − original = +1 accuracy points, 95 % CI [+0.4, +1.6], p = 0.003; "
        "10 seeds, 110 steps each, 140,000 test images (first look). The difference is real but "
        "small: at most 1.6 points. No class is shown to be hurt. This holds for this one draw of "
        "variants and this one split.",
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
        "HURTS: augmented − original = −10 accuracy points, 95 % CI [−14, −6.1], p = 0.003; "
        "10 seeds, 1,100 steps against 110, 400 test images (look number 7). Guards overridden: "
        "leak: 11 test images are in original. The arms differ in compute, so part of the "
        "difference may come from more training. " + HOLDS,
    ),
    (
        with_estimate(replace(LARGE, metric="macro F1", folds=5), 0.002, -0.008, 0.012),
        "EQUIVALENT ±2: augmented − original = +0.2 macro F1 points, 95 % CI [−0.8, +1.2], "
        "p = 0.50; 10 seeds, 110 steps each, 400 test images in 5 folds (first look). The 90 % "
        "interval [−0.65, +1] lies within ±2 points (two one-sided tests, p < 0.001). Variants "
        "are encoded once more than originals. This holds for this one draw of variants and these "
        "folds.",
    ),
    (
        SMALL,
        "INCONCLUSIVE: augmented − original = +1.8 accuracy points, 95 % CI [−14, +18], p = 0.50; "
        "10 seeds, 110 steps each, 28 test images (first look). SIGHT " + HOLDS,
    ),
    (
        replace(SMALL, seeds=1, pairs=1, estimate=None),
        "INCONCLUSIVE: augmented − original = +1.8 accuracy points; 1 seed, 110 steps each, "
        "28 test images (first look). In this one pair of runs augmented alone is right on 6 test "
        "images and original alone on 5 (exact McNemar p = 1.00): too few runs per arm to say what "
        "training again would give. SIGHT " + HOLDS,
    ),
    (
        replace(LARGE, identical=True),
        "INVALID: augmented and original predict the same to the last bit at every seed, so they "
        "are one training set under two names; 10 seeds, 110 steps each, 400 test images (first "
        "look). " + HOLDS,
    ),
]


@pytest.mark.parametrize(("evidence", "sentence"), GOLDEN)
def test_golden(evidence: Evidence, sentence: str) -> None:
    assert judge(evidence).sentence == sentence.replace("SIGHT", describe_sight(evidence))


def test_a_level_other_than_5_percent_is_named_and_is_that_of_the_intervals() -> None:
    level = Level(0.01, reason="Second look at this design: judged at the level 0.01.")
    found = judge(replace(LARGE, level=level)).sentence
    assert "99 % CI [+6.1, +14]" in found
    assert level.reason in found
    alike = judge(replace(with_estimate(LARGE, 0.0, -0.005, 0.005), level=level)).sentence
    assert "The 98 % interval [−0.61, +0.61] lies within ±2 points" in alike
    assert "99.8 % CI" in judge(replace(LARGE, level=Level(0.002), adjusted_p=0.001)).sentence


def test_holms_p_takes_the_place_of_p() -> None:
    sentence = judge(replace(LARGE, adjusted_p=0.0401)).sentence
    assert "95 % CI [+6.1, +14], Holm-adjusted p = 0.040; 10 seeds" in sentence
    assert "Holm" not in judge(replace(LARGE, seeds=2, pairs=2, adjusted_p=0.2)).sentence


def test_groups_of_test_images_are_named_with_their_worth() -> None:
    sentence = judge(replace(LARGE, groups=370, independent=351.2)).sentence
    assert "400 test images in 370 groups, worth 351 independent (first look)" in sentence
    assert "groups" not in judge(LARGE).sentence


def test_classes_that_are_hurt_are_named() -> None:
    helps = judge(replace(LARGE, hurt=("cats (recall −12 points)", "dogs (F1 −3 points)")))
    assert "Shown to be hurt: cats (recall −12 points), dogs (F1 −3 points)." in helps.sentence
    hurts = judge(replace(with_estimate(LARGE, -0.1, -0.13, -0.06), hurt=("cats",)))
    assert "Shown to be hurt" not in hurts.sentence, "all of it is"
    assert "No class" not in hurts.sentence


def test_failed_runs_are_counted() -> None:
    failing = replace(LARGE, failures=Failures(0, 3, 0.21), pairs=7)
    sentence = judge(failing).sentence
    assert "10 seeds, of which 7 trained in both arms, 110 steps each" in sentence
    assert (
        "Runs that failed to train: 0 of 10 of augmented, 3 of 10 of original "
        "(Fisher's exact p = 0.21). The difference is among the seeds at which both trained."
    ) in sentence
    many = replace(failing, seeds=20, pairs=20)
    assert "The difference is a mean over all seeds, these included." in judge(many).sentence


def test_two_seeds_name_the_pair_that_mcnemar_saw() -> None:
    two = replace(SMALL, seeds=2, pairs=2, only_treatment=6, only_baseline=0)
    sentence = judge(two).sentence
    assert "2 seeds, 110 steps each" in sentence
    assert "In the first pair of runs augmented alone is right on 6 test images" in sentence
    assert "(exact McNemar p = 0.031)" in sentence


def test_mcnemar_is_no_excuse_for_runs_that_failed() -> None:
    failing = replace(SMALL, pairs=2, failures=Failures(8, 0, 0.001))
    assert "McNemar" not in judge(failing).sentence


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


def test_small_means_both_ends_are_within_the_margin() -> None:
    def said(low: float, high: float) -> bool:
        middle = (low + high) / 2
        return "real but small" in judge(with_estimate(LARGE, middle, low, high)).sentence

    assert said(0.001, 0.02)
    assert not said(0.001, 0.021)
    assert said(-0.02, -0.001)
    assert not said(-0.021, -0.001)


def test_guards_that_were_overridden_are_all_named() -> None:
    sentence = judge(replace(LARGE, overridden=("leak (2 found)", "classes (1 found)"))).sentence
    assert "Guards overridden: leak (2 found); classes (1 found)." in sentence


def test_two_folds_are_folds() -> None:
    sentence = judge(replace(LARGE, folds=2)).sentence
    assert "400 test images in 2 folds (first look)" in sentence
    assert sentence.endswith("this one draw of variants and these folds.")


def test_an_interval_without_a_test_is_not_shown() -> None:
    evidence = replace(LARGE, seeds=2, pairs=2)
    assert isinstance(evidence.estimate, Estimate)
    assert "CI [" not in judge(evidence).sentence
