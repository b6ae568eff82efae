"""Two arms compared: every number of a contrast, from predictions made up here."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from tests.trainer.statistics.made_up import make_runs, right
from trainer.statistics.contrast import ContrastResult, contrast_all
from trainer.statistics.crossed import crossed
from trainer.statistics.differences import Runs
from trainer.statistics.pairs import ContrastSettings, TrainedArm
from trainer.statistics.scores import Predictions
from trainer.statistics.tests import at_level, holm
from trainer.statistics.verdict.digits import format_p
from trainer.statistics.verdict.evidence import Level

SETTINGS = ContrastSettings(("cats", "dogs"), "accuracy", 0.02, per_class=(30, 30), looks=1)


def arm(name: str, runs: Runs, steps: int = 100, augmented: float = 0.0) -> TrainedArm:
    return TrainedArm(name, runs, steps, images=300, augmented=augmented)


def contrast(
    treatment: TrainedArm, baseline: TrainedArm, settings: ContrastSettings = SETTINGS
) -> ContrastResult:
    (result,) = contrast_all([(treatment, baseline)], settings)
    return result


def compared(treatment: Runs, baseline: Runs, metric: str = "accuracy") -> ContrastResult:
    """Compare two arms of 100 steps, of which the treatment alone has augmented images."""
    settings = replace(SETTINGS, metric=metric)
    return contrast(arm("new", treatment, augmented=1.0), arm("old", baseline), settings)


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


def test_balanced_accuracy_can_be_the_primary_metric() -> None:
    treatment, baseline = make_runs(0.8, seeds=4, seed=3), make_runs(0.7, seeds=4, seed=4)
    result = compared(treatment, baseline, metric="balanced accuracy")
    means = []
    for runs in (treatment, baseline):
        scores = [balanced_accuracy_score(run.targets, run.predicted) for (run,) in runs]
        means.append(np.mean(scores))
    assert result.delta == pytest.approx(means[0] - means[1])
    assert "balanced accuracy points" in result.sentence


def test_folds_are_crossed_with_seeds() -> None:
    treatment = make_runs(0.8, seeds=3, folds=5, images=12, seed=5)
    baseline = make_runs(0.7, seeds=3, folds=5, images=12, seed=6)
    result = compared(treatment, baseline)
    expected = crossed((right(treatment) - right(baseline)).mean(axis=2))
    assert (result.low, result.high, result.dof) == pytest.approx(
        (expected.low, expected.high, expected.dof)
    )
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
    sentence = compared([[treatment]], [[baseline]]).sentence
    assert "new alone is right on 4 test images and old alone on 1 (exact McNemar" in sentence
    swapped = compared([[baseline]], [[treatment]]).sentence
    assert "new alone is right on 1 test images and old alone on 4 (exact McNemar" in swapped


def test_mcnemar_sees_the_first_seed_alone_and_all_its_folds() -> None:
    treatment = [[predictions("++++"), predictions("+-++")], [predictions("----")] * 2]
    baseline = [[predictions("+-+-"), predictions("++++")], [predictions("++++")] * 2]
    sentence = compared(treatment, baseline).sentence
    assert "new alone is right on 2 test images and old alone on 1" in sentence


NEW, OLD = make_runs(0.9, seeds=3, seed=1), make_runs(0.6, seeds=3, seed=2)


@pytest.mark.parametrize(
    ("steps", "said"), [((100, 100), False), ((200, 100), True), ((100, 200), True)]
)
def test_unequal_steps_are_named_whichever_arm_has_more(steps: tuple[int, int], said: bool) -> None:
    sentence = contrast(arm("new", NEW, steps[0]), arm("old", OLD, steps[1])).sentence
    assert ("The arms differ in compute" in sentence) is said
    expected = f"{steps[0]} steps against {steps[1]}" if said else "100 steps each"
    assert expected in sentence


@pytest.mark.parametrize(
    ("augmented", "said"), [((1.0, 0.0), True), ((0.5, 1.0), True), ((0.5, 0.5), False)]
)
def test_one_more_encoding_is_named_whichever_arm_has_it(
    augmented: tuple[float, float], said: bool
) -> None:
    new, old = arm("new", NEW, augmented=augmented[0]), arm("old", OLD, augmented=augmented[1])
    assert ("Variants are encoded once more" in contrast(new, old).sentence) is said


def test_settings_reach_the_verdict() -> None:
    level = Level(0.01, reason="Second look at this design: judged at the level 0.01.")
    settings = replace(SETTINGS, margin=0.9, looks=3, overridden=("leak (2 found)",), level=level)
    result = contrast(arm("new", OLD), arm("old", make_runs(0.6, seeds=3, seed=4)), settings)
    assert result.outcome == "EQUIVALENT"
    assert "EQUIVALENT ±90" in result.sentence
    assert "(third look)" in result.sentence
    assert "Guards overridden: leak (2 found)." in result.sentence
    assert "99 % CI [" in result.sentence
    assert level.reason in result.sentence
    assert result.alpha == 0.01
    uneven = replace(SETTINGS, per_class=(60, 0))
    chance = contrast(arm("new", OLD), arm("old", make_runs(0.6, seeds=3, seed=4)), uneven)
    assert chance.outcome == "NOT ABOVE CHANCE"
    assert "always naming one class (100 % accuracy)" in chance.sentence


def test_the_level_is_that_of_the_interval() -> None:
    treatment, baseline = make_runs(0.9, seeds=5, seed=1), make_runs(0.7, seeds=5, seed=2)
    differences = (right(treatment) - right(baseline))[:, 0]
    new, old = arm("new", treatment), arm("old", baseline)
    result = contrast(new, old, replace(SETTINGS, level=Level(0.01)))
    expected = crossed(differences, 0.99)
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high))
    by_seeds = contrast(new, old, replace(SETTINGS, level=Level(0.01, of_seeds=True)))
    assert by_seeds.dof == 4
    assert by_seeds.p == pytest.approx(at_level(expected, 0.99, dof=4).p)


def test_groups_of_test_images_reach_the_verdict() -> None:
    groups = np.arange(60) // 2
    treatment, baseline = make_runs(0.9, seeds=5, seed=1), make_runs(0.7, seeds=5, seed=2)
    settings = replace(SETTINGS, groups=groups)
    result = contrast(arm("new", treatment), arm("old", baseline), settings)
    expected = crossed((right(treatment) - right(baseline))[:, 0], groups=groups)
    assert (result.low, result.p) == pytest.approx((expected.low, expected.p))
    assert "60 test images in 30 groups, worth 30 independent" in result.sentence
    assert result.independent == pytest.approx(30)
    accuracy = next(detail for detail in result.details if detail.metric == "accuracy")
    assert accuracy.p == pytest.approx(expected.p)


def test_runs_that_failed_to_train_are_a_claim_of_their_own() -> None:
    """Two of five baselines answer with one class: the difference is that of the other three."""
    targets = make_runs(0.9, 1)[0][0].targets
    constant = [Predictions(targets, np.zeros(60, np.int64))]
    treatment = make_runs(0.9, seeds=5, seed=1)
    trained = make_runs(0.8, seeds=3, seed=2)
    baseline = [trained[0], constant, trained[1], constant, trained[2]]
    failing = replace(arm("old", baseline), failed=frozenset({1, 3}))
    result = contrast(arm("new", treatment), failing)
    used = (right([treatment[0], treatment[2], treatment[4]]) - right(trained))[:, 0]
    expected = crossed(used)
    assert (result.delta, result.low, result.p) == pytest.approx(
        (expected.delta, expected.low, expected.p)
    )
    assert result.pairs == 3
    assert len(result.by_seed) == 5
    assert "5 seeds, of which 3 trained in both arms" in result.sentence
    assert (
        "Runs that failed to train: 0 of 5 of new, 2 of 5 of old (Fisher's exact p = 0.44). "
        "The difference is among the seeds at which both trained."
    ) in result.sentence


def test_from_twenty_seeds_on_failed_runs_are_in_the_mean() -> None:
    treatment, baseline = make_runs(0.9, seeds=20, seed=1), make_runs(0.8, seeds=20, seed=2)
    failing = replace(arm("old", baseline), failed=frozenset({1}))
    result = contrast(arm("new", treatment), failing)
    whole = crossed((right(treatment) - right(baseline))[:, 0])
    assert result.delta == pytest.approx(whole.delta)
    assert result.pairs == 20
    assert "The difference is a mean over all seeds, these included." in result.sentence


def test_failed_runs_are_never_equivalent() -> None:
    runs, others = make_runs(0.8, seeds=6, seed=1), make_runs(0.8, seeds=6, seed=2)
    wide = replace(SETTINGS, margin=0.4)
    assert contrast(arm("new", runs), arm("old", others), wide).outcome == "EQUIVALENT"
    failing = replace(arm("old", others), failed=frozenset({0}))
    assert contrast(arm("new", runs), failing, wide).outcome == "INCONCLUSIVE"


def with_probabilities(runs: Runs, noise: float) -> Runs:
    made = []
    for (run,) in runs:
        probabilities = np.eye(2)[run.predicted] + noise
        made.append([replace(run, probabilities=probabilities)])
    return made


def test_arms_that_are_the_same_runs_are_invalid() -> None:
    runs = make_runs(0.8, seeds=5, seed=1)
    same = with_probabilities(runs, 0.0)
    result = contrast(arm("new", same), arm("old", with_probabilities(runs, 0.0)))
    assert result.outcome == "INVALID"
    assert "predict the same to the last bit at every seed" in result.sentence
    other = contrast(arm("new", same), arm("old", with_probabilities(runs, 1e-9)))
    assert other.outcome == "EQUIVALENT" or other.outcome == "INCONCLUSIVE"
    assert contrast(arm("new", runs), arm("old", runs)).outcome != "INVALID", "nobody knows"


def test_p_of_one_contrast_is_not_adjusted() -> None:
    only = contrast(arm("new", NEW), arm("old", OLD))
    assert only.adjusted_p is None


def test_p_of_several_contrasts_are_holms_in_their_order() -> None:
    pairs = []
    for number, accuracy in enumerate((0.7, 0.95, 0.6)):
        runs = make_runs(accuracy, seeds=3, seed=10 + number)
        pairs.append((arm(f"new{number}", runs), arm("old", OLD)))
    results = contrast_all(pairs, SETTINGS)
    assert [result.treatment for result in results] == ["new0", "new1", "new2"]
    p_values = [result.p for result in results if result.p is not None]
    adjusted = holm(p_values)
    assert [result.adjusted_p for result in results] == pytest.approx(adjusted)
    assert len({result.adjusted_p for result in results}) > 1
    sentence = results[1].sentence
    assert f"Holm-adjusted {format_p(adjusted[1])}" in sentence
    for result, p in zip(results, adjusted, strict=True):
        assert result.low is not None
        assert result.high is not None
        assert (result.low > 0 or result.high < 0) == (p < 0.05)


def test_p_of_two_contrasts_are_adjusted() -> None:
    pair = arm("new", NEW), arm("old", OLD)
    first, second = contrast_all([pair, pair], SETTINGS)
    assert first.p is not None
    assert first.adjusted_p == second.adjusted_p == pytest.approx(2 * first.p)


def test_p_of_contrasts_of_one_seed_do_not_exist() -> None:
    pair = arm("new", NEW[:1]), arm("old", OLD[:1])
    assert [result.adjusted_p for result in contrast_all([pair, pair], SETTINGS)] == [None, None]


def test_a_contrast_is_json_in_this_order() -> None:
    result = compared(make_runs(0.9, seeds=3, seed=1), make_runs(0.7, seeds=3, seed=2))
    plain = msgspec.to_builtins(result)
    assert list(plain) == [
        "treatment", "baseline", "outcome", "sentence", "next_step", "delta", "low", "high", "p",
        "adjusted_p", "alpha", "dof", "standard_error", "components", "pairs", "independent",
        "disagree", "by_seed", "details",
    ]  # fmt: skip
    assert list(plain["components"]) == ["seed", "image", "residual"]
    assert list(plain["details"][0]) == ["metric", "of", "delta", "low", "high", "p", "adjusted_p"]
