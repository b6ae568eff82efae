"""What to do next: true for each outcome, and possible."""

from __future__ import annotations

from dataclasses import replace

from tests.trainer.statistics.verdict.made_up import LARGE, SMALL, with_estimate
from trainer.statistics.sample_size import images_needed, seeds_needed
from trainer.statistics.tests import Components, Estimate
from trainer.statistics.verdict.advice import advise
from trainer.statistics.verdict.evidence import Evidence
from trainer.statistics.verdict.judge import judge
from trainer.statistics.verdict.sight import measured


def open_question(components: Components, seeds: int = 10, images: int = 1000) -> Evidence:
    estimate = Estimate(0.0, -0.1, 0.1, 0.9, 30.0, 0.04, 0.0, components)
    return replace(
        LARGE,
        estimate=estimate,
        seeds=seeds,
        pairs=seeds,
        images=images,
        groups=images,
        independent=float(images),
    )


def test_what_helps_is_to_be_confirmed_where_it_was_looked_at_before() -> None:
    assert advise("HELPS", LARGE) == "Train on augmented."
    again = advise("HELPS", replace(LARGE, looks=2))
    assert again == "Train on augmented; confirm it on photos that were never scored."


def test_what_hurts_is_to_be_left_out() -> None:
    hurts = with_estimate(LARGE, -0.1, -0.13, -0.06)
    assert judge(hurts).next_step == (
        "Train on original; `trainer compare --ablate RECIPE` shows which transform does the harm."
    )


def test_of_equals_the_cheaper_one_is_named() -> None:
    fewer = replace(LARGE, baseline=replace(LARGE.baseline, images=100))
    assert advise("EQUIVALENT", fewer) == (
        "Take the cheaper one: original has 100 training images."
    )


def test_an_arm_has_to_learn_first() -> None:
    assert "--weights imagenet" in advise("NOT ABOVE CHANCE", SMALL)
    assert "differ" in advise("INVALID", SMALL)


def test_too_few_seeds_come_first() -> None:
    few = replace(SMALL, seeds=2, pairs=2)
    assert advise("INCONCLUSIVE", few) == "Run at least 5 seeds: --seeds 10 --resume."


def test_seeds_where_they_are_enough() -> None:
    evidence = open_question(Components(0.004, 0.0, 0.1))
    variances = measured(evidence)
    assert variances is not None
    seeds = seeds_needed(0.05, variances).high
    assert seeds is not None
    assert advise("INCONCLUSIVE", evidence) == (
        f"For a gain of 5 points, run more seeds: --seeds {seeds:.0f} --resume."
    )


def test_test_images_where_seeds_are_not_enough() -> None:
    evidence = open_question(Components(0.0, 0.5, 0.0001), images=28)
    variances = measured(evidence)
    assert variances is not None
    images = images_needed(0.05, variances).high
    assert images is not None
    assert advise("INCONCLUSIVE", evidence) == (
        f"For a gain of 5 points, collect test images: {images:,.0f} in all."
    )


def test_what_would_have_been_seen_is_said() -> None:
    evidence = open_question(Components(0.0, 0.0, 0.01))
    assert advise("INCONCLUSIVE", evidence) == (
        "A gain of 5 points would have been seen; for a smaller one, use more seeds and more test "
        "images."
    )


def test_hundreds_of_seeds_are_no_advice() -> None:
    evidence = open_question(Components(0.04, 0.001, 0.1), seeds=3)
    assert "--seeds" not in advise("INCONCLUSIVE", evidence)
    assert advise("INCONCLUSIVE", replace(evidence, folds=5)) == (
        "Collect more test images, and run more seeds on them."
    )
