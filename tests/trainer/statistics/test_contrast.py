"""Two arms compared: every number of a contrast, from predictions made up here."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from sklearn.metrics import f1_score

from tests.trainer.statistics.made_up import make_runs, right
from trainer.statistics.contrast import (
    OVERALL,
    ContrastResult,
    ContrastSettings,
    TrainedArm,
    contrast,
    contrast_all,
)
from trainer.statistics.crossed import crossed
from trainer.statistics.differences import Runs
from trainer.statistics.scores import Predictions
from trainer.statistics.tests import holm, nadeau_bengio

SETTINGS = ContrastSettings(("cats", "dogs"), "accuracy", margin=0.02, majority=0.5, looks=1)


def compared(
    treatment: Runs, baseline: Runs, metric: str = "accuracy", majority: float = 0.5
) -> ContrastResult:
    """Compare two arms of 100 steps, of which the treatment alone has augmented images."""
    settings = ContrastSettings(SETTINGS.classes, metric, 0.02, majority, looks=1)
    new, old = TrainedArm("new", treatment, 100, 1.0), TrainedArm("old", baseline, 100, 0.0)
    return contrast(new, old, settings, None)


def test_primary_difference_is_the_crossed_one() -> None:
    treatment, baseline = make_runs(0.9, seeds=5, seed=1), make_runs(0.7, seeds=5, seed=2)
    result = compared(treatment, baseline)
    differences = (right(treatment) - right(baseline))[:, 0]
    expected = crossed(differences)
    assert (result.delta, result.low, result.high) == pytest.approx(
        (expected.delta, expected.low, expected.high)
    )
    assert (result.p, result.dof, result.standard_error) == pytest.approx(
        (expected.p, expected.dof, expected.standard_error)
    )
    assert result.components == expected.components
    assert result.by_seed == pytest.approx(differences.mean(axis=1))
    assert result.disagree == pytest.approx(np.mean(differences != 0))
    assert result.outcome == "HELPS"
    assert result.sentence.startswith("HELPS: new − old = +")


def test_details_are_in_a_fixed_order() -> None:
    result = compared(make_runs(0.9, seeds=3, seed=1), make_runs(0.7, seeds=3, seed=2))
    names = [(detail.metric, detail.of) for detail in result.details]
    assert names[:OVERALL] == [("accuracy", "all"), ("F1", "macro")]
    assert names[OVERALL:] == [
        ("precision", "cats"),
        ("recall", "cats"),
        ("F1", "cats"),
        ("precision", "dogs"),
        ("recall", "dogs"),
        ("F1", "dogs"),
    ]
    p_values = [detail.p for detail in result.details if detail.p is not None]
    assert len(p_values) == len(names)
    assert [detail.adjusted_p for detail in result.details] == pytest.approx(holm(p_values))
    first = result.details[0]
    assert (first.delta, first.low, first.high, first.p) == pytest.approx(
        (result.delta, result.low, result.high, result.p)
    )


def test_macro_f1_can_be_the_primary_metric() -> None:
    treatment, baseline = make_runs(0.8, seeds=4, seed=3), make_runs(0.7, seeds=4, seed=4)
    result = compared(treatment, baseline, metric="macro F1")
    means = []
    for arm in (treatment, baseline):
        scores = [f1_score(run.targets, run.predicted, average="macro") for (run,) in arm]
        means.append(np.mean(scores))
    assert result.delta == pytest.approx(means[0] - means[1])
    assert "macro F1 points" in result.sentence
    assert result.disagree == pytest.approx(np.mean(right(treatment) != right(baseline)))


def test_folds_are_tested_with_the_corrected_t() -> None:
    treatment = make_runs(0.8, seeds=3, folds=5, images=12, seed=5)
    baseline = make_runs(0.7, seeds=3, folds=5, images=12, seed=6)
    result = compared(treatment, baseline)
    expected = nadeau_bengio((right(treatment) - right(baseline)).mean(axis=2), train=48, test=12)
    assert (result.low, result.high, result.dof) == pytest.approx(
        (expected.low, expected.high, expected.dof)
    )
    assert result.components is None
    assert "60 test images in 5 folds" in result.sentence


def test_swapped_arms_turn_the_difference() -> None:
    treatment, baseline = make_runs(0.85, seeds=3, seed=7), make_runs(0.75, seeds=3, seed=8)
    there, back = compared(treatment, baseline), compared(baseline, treatment)
    assert there.low is not None
    assert back.high is not None
    assert there.low == pytest.approx(-back.high)
    assert there.p == pytest.approx(back.p)


def test_one_seed_has_no_interval_and_two_show_nothing() -> None:
    one = compared(make_runs(1.0, seeds=1), make_runs(0.5, seeds=1, seed=9))
    numbers = (one.low, one.high, one.p, one.dof, one.standard_error, one.components)
    assert numbers == (None,) * 6
    assert one.outcome == "INCONCLUSIVE"
    two = compared(make_runs(1.0, seeds=2), make_runs(0.5, seeds=2, seed=9))
    assert two.outcome == "INCONCLUSIVE"
    assert two.p is not None
    assert all(detail.p is None for detail in two.details)
    three = compared(make_runs(0.99, seeds=3), make_runs(0.5, seeds=3, seed=9))
    assert all(detail.p is not None for detail in three.details)


def predictions(correct: str) -> Predictions:
    """Make predictions from a string: + is right, - is wrong."""
    targets = np.zeros(len(correct), np.int64)
    return Predictions(targets, np.array([0 if each == "+" else 1 for each in correct]))


def test_mcnemar_counts_the_images_that_one_arm_alone_has_right() -> None:
    """Four that the treatment alone has right and one that the baseline alone has, in one seed."""
    treatment, baseline = predictions("+++++++-"), predictions("+++----+")
    sentence = compared([[treatment]], [[baseline]], majority=0.1).sentence
    assert "new alone is right on 4 test images and old alone on 1 (exact McNemar" in sentence
    swapped = compared([[baseline]], [[treatment]], majority=0.1).sentence
    assert "new alone is right on 1 test images and old alone on 4 (exact McNemar" in swapped


def test_mcnemar_sees_the_first_seed_alone_and_all_its_folds() -> None:
    treatment = [[predictions("++++"), predictions("+-++")], [predictions("----")] * 2]
    baseline = [[predictions("+-+-"), predictions("++++")], [predictions("++++")] * 2]
    sentence = compared(treatment, baseline, majority=-1).sentence
    assert "new alone is right on 2 test images and old alone on 1" in sentence


@pytest.mark.parametrize(
    ("steps", "said"), [((100, 100), False), ((200, 100), True), ((100, 200), True)]
)
def test_unequal_steps_are_named_whichever_arm_has_more(steps: tuple[int, int], said: bool) -> None:
    new = TrainedArm("new", make_runs(0.9, seeds=3, seed=1), steps[0], 1.0)
    old = TrainedArm("old", make_runs(0.6, seeds=3, seed=2), steps[1], 0.0)
    sentence = contrast(new, old, SETTINGS, None).sentence
    assert ("The arms differ in compute" in sentence) is said
    expected = f"{steps[0]} steps against {steps[1]}" if said else "100 steps each"
    assert expected in sentence


@pytest.mark.parametrize(
    ("augmented", "said"), [((1.0, 0.0), True), ((0.5, 1.0), True), ((0.5, 0.5), False)]
)
def test_one_more_encoding_is_named_whichever_arm_has_it(
    augmented: tuple[float, float], said: bool
) -> None:
    new = TrainedArm("new", make_runs(0.9, seeds=3, seed=1), 100, augmented[0])
    old = TrainedArm("old", make_runs(0.6, seeds=3, seed=2), 100, augmented[1])
    sentence = contrast(new, old, SETTINGS, None).sentence
    assert ("Variants are encoded once more" in sentence) is said


def test_settings_reach_the_verdict() -> None:
    settings = ContrastSettings(SETTINGS.classes, "accuracy", 0.4, 0.97, 3, ("leak (2 found)",))
    arms = (
        TrainedArm("new", make_runs(0.9, seeds=3, seed=1), 100, 1.0),
        TrainedArm("old", make_runs(0.6, seeds=3, seed=2), 100, 0.0),
    )
    at_chance = contrast(*arms, settings, None)
    assert at_chance.outcome == "AT CHANCE"
    assert "largest class (97 %)" in at_chance.sentence
    assert "(looked at 3 times)" in at_chance.sentence
    assert "Guards overridden: leak (2 found)." in at_chance.sentence
    wide = ContrastSettings(SETTINGS.classes, "accuracy", 0.9, 0.5, 1)
    assert contrast(*arms, wide, 0.5).outcome == "EQUIVALENT"


def test_p_of_one_contrast_is_not_adjusted() -> None:
    arms = (
        TrainedArm("new", make_runs(0.9, seeds=3, seed=1), 100, 1.0),
        TrainedArm("old", make_runs(0.6, seeds=3, seed=2), 100, 0.0),
    )
    (only,) = contrast_all([arms], SETTINGS)
    assert only.adjusted_p is None
    assert only == contrast(*arms, SETTINGS, None)


def test_p_of_several_contrasts_are_holms_in_their_order() -> None:
    old = TrainedArm("old", make_runs(0.6, seeds=3, seed=2), 100, 0.0)
    pairs = []
    for number, accuracy in enumerate((0.7, 0.95, 0.6)):
        new = TrainedArm(f"new{number}", make_runs(accuracy, seeds=3, seed=10 + number), 100, 1.0)
        pairs.append((new, old))
    settings = ContrastSettings(SETTINGS.classes, "accuracy", 0.02, 0.1, looks=1)
    results = contrast_all(pairs, settings)
    assert [result.treatment for result in results] == ["new0", "new1", "new2"]
    p_values = [result.p for result in results if result.p is not None]
    assert [result.adjusted_p for result in results] == pytest.approx(holm(p_values))
    assert len({result.adjusted_p for result in results}) > 1
    assert f"Holm-adjusted p = {results[0].adjusted_p:.2f}" in results[0].sentence


def test_p_of_two_contrasts_are_adjusted() -> None:
    old = TrainedArm("old", make_runs(0.6, seeds=3, seed=2), 100, 0.0)
    new = TrainedArm("new", make_runs(0.9, seeds=3, seed=1), 100, 1.0)
    first, second = contrast_all([(new, old), (new, old)], SETTINGS)
    assert first.p is not None
    assert first.adjusted_p == second.adjusted_p == pytest.approx(2 * first.p)


def test_p_of_contrasts_of_one_seed_do_not_exist() -> None:
    old = TrainedArm("old", make_runs(0.6, seeds=1, seed=2), 100, 0.0)
    new = TrainedArm("new", make_runs(0.9, seeds=1, seed=1), 100, 1.0)
    results = contrast_all([(new, old), (new, old)], SETTINGS)
    assert [result.adjusted_p for result in results] == [None, None]


def test_a_contrast_is_json_as_in_version_0_1() -> None:
    result = compared(make_runs(0.9, seeds=3, seed=1), make_runs(0.7, seeds=3, seed=2))
    plain = msgspec.to_builtins(result)
    assert list(plain) == [
        "treatment", "baseline", "outcome", "sentence", "delta", "low", "high", "p", "adjusted_p",
        "dof", "standard_error", "components", "disagree", "by_seed", "details",
    ]  # fmt: skip
    assert list(plain["components"]) == ["seed", "image", "residual"]
    assert list(plain["details"][0]) == ["metric", "of", "delta", "low", "high", "p", "adjusted_p"]
