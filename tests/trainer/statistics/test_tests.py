"""Intervals and tests: against values by hand, other libraries, and worlds of no difference."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from augbuild.errors import TrainerError
from benchmarks.type_one_error import WORLDS, World, rejections
from trainer.statistics.tests import (
    Estimate,
    crossed,
    crossed_variance,
    holm,
    mcnemar_exact,
    nadeau_bengio,
    resolution,
    tost,
    wilson,
)

Differences = NDArray[np.int8]


def differences_of(seed: int, seeds: int, images: int) -> Differences:
    return np.random.default_rng(seed).integers(-1, 2, (seeds, images), np.int8)


@st.composite
def differences(draw: st.DrawFn) -> Differences:
    shape = draw(st.tuples(st.integers(2, 6), st.integers(2, 30)))
    return draw(arrays(np.int8, shape, elements=st.integers(-1, 1)))


# --- one arm, one pair of runs ---


def test_wilson_says_that_the_lab_cannot_be_told_from_a_coin() -> None:
    assert wilson(16, 28) == pytest.approx((0.391, 0.735), abs=5e-4)


def test_wilson_stays_within_0_and_1() -> None:
    assert wilson(0, 28)[0] == 0.0
    assert wilson(28, 28)[1] == 1.0


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (3, 10), (139, 140), (1000, 1000)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_agrees_with_scipy_and_statsmodels(successes: int, n: int, level: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    interval = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert wilson(successes, n, level) == pytest.approx((interval.low, interval.high), abs=1e-12)
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    oracle = proportion.proportion_confint(successes, n, 1 - level, method="wilson")
    assert wilson(successes, n, level) == pytest.approx(oracle, abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_proportion(successes: int, n: int) -> None:
    with pytest.raises(
        TrainerError, match=rf"0 to n successes out of n ≥ 1, got {successes} out of {n}"
    ):
        wilson(successes, n)


@pytest.mark.parametrize(
    ("b", "c", "p"), [(0, 0, 1.0), (1, 0, 1.0), (6, 0, 0.03125), (0, 6, 0.03125), (5, 5, 1.0)]
)
def test_mcnemar_by_hand(b: int, c: int, p: float) -> None:
    assert mcnemar_exact(b, c) == pytest.approx(p, abs=1e-15)


@pytest.mark.parametrize(("b", "c"), [(1, 4), (12, 3), (30, 41), (200, 150)])
def test_mcnemar_agrees_with_statsmodels(b: int, c: int) -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    assert mcnemar_exact(b, c) == pytest.approx(tables.mcnemar([[9, b], [c, 9]], exact=True).pvalue)


def test_mcnemar_counts_images() -> None:
    with pytest.raises(TrainerError, match="counts images, got 3 and -1"):
        mcnemar_exact(3, -1)


# --- seeds crossed with images ---


def test_crossed_by_hand() -> None:
    """The means are 1/3, 0 and 2/3 per seed, 2/3, 0 and 1/3 per image; the rest is on paper."""
    result = crossed_variance([[1, 0, 0], [0, 0, 0], [1, 0, 1]])
    a, b, c = (1 / 9) / 3, (1 / 9) / 3, (1 / 6) / 9
    assert result.delta == pytest.approx(1 / 3)
    assert (result.seed, result.image, result.residual) == pytest.approx((1 / 18, 1 / 18, 1 / 6))
    assert result.variance == pytest.approx(a + b - c)
    assert result.dof == pytest.approx((a + b - c) ** 2 / (a**2 / 2 + b**2 / 2 + c**2 / 4))


def test_crossed_mean_squares_agree_with_statsmodels() -> None:
    pandas, formula = pytest.importorskip("pandas"), pytest.importorskip("statsmodels.formula.api")
    anova = pytest.importorskip("statsmodels.stats.anova")
    # With an effect of the seed, so that no component is cut off at 0.
    d = differences_of(4, 5, 12) + np.arange(5)[:, None] % 2
    seeds, images = np.indices(d.shape)
    frame = pandas.DataFrame({"d": d.ravel(), "seed": seeds.ravel(), "image": images.ravel()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        squares = anova.anova_lm(formula.ols("d ~ C(seed) + C(image)", frame).fit())
    squares = squares["sum_sq"] / squares["df"]
    result = crossed(d).components
    assert result is not None
    assert result.residual == pytest.approx(squares["Residual"])
    assert result.seed == pytest.approx(max(0, squares["C(seed)"] - squares["Residual"]) / 12)
    assert result.image == pytest.approx(max(0, squares["C(image)"] - squares["Residual"]) / 5)


def test_crossed_is_the_t_test_over_images_when_all_seeds_agree() -> None:
    stats = pytest.importorskip("scipy.stats")
    row = differences_of(1, 1, 40)
    oracle = stats.ttest_1samp(row[0], 0.0)
    estimate = crossed(np.repeat(row, 5, axis=0))
    assert estimate.p == pytest.approx(oracle.pvalue)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(oracle.confidence_interval()))
    assert estimate.dof == pytest.approx(39)


def test_crossed_is_the_t_test_over_seeds_when_all_images_agree() -> None:
    stats = pytest.importorskip("scipy.stats")
    column = np.array([[1], [0], [1], [1], [-1]])
    oracle = stats.ttest_1samp(column[:, 0], 0.0)
    assert crossed(np.repeat(column, 30, axis=1)).p == pytest.approx(oracle.pvalue)


def test_crossed_never_falls_below_the_larger_of_its_first_terms() -> None:
    """Each image is won by one seed: the images alone say 0, the residual is larger than both."""
    d = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]])
    a = d.mean(axis=1).var(ddof=1) / 3
    assert crossed_variance(d).variance == pytest.approx(a)
    assert crossed_variance(d.T).variance == pytest.approx(a)
    assert crossed_variance(np.eye(4)).variance == pytest.approx(resolution(4) ** 2)


def test_the_level_sets_the_width() -> None:
    stats = pytest.importorskip("scipy.stats")
    row = differences_of(1, 1, 40)
    interval = stats.ttest_1samp(row[0], 0.0).confidence_interval(0.9)
    estimate = crossed(np.repeat(row, 5, axis=0), level=0.9)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(interval))


@pytest.mark.parametrize("value", [-1, 0, 1])
def test_differences_that_do_not_vary_are_no_certainty(value: int) -> None:
    estimate = crossed(np.full((10, 28), value))
    assert estimate.standard_error == resolution(28) == pytest.approx(0.0471, abs=1e-4)
    assert estimate.high - estimate.low > 0.2
    assert (estimate.p < 0.05) == (value != 0)


def test_degrees_of_freedom_are_never_fewer_than_those_of_the_smaller_side() -> None:
    """Two seeds that contradict each other: Satterthwaite's formula alone says 0.34 of a degree."""
    d = np.array([[1, 1, -1, 0], [-1, 0, 1, 1]])
    a, b, c = d.mean(1).var(ddof=1) / 2, d.mean(0).var(ddof=1) / 4, 0.0
    c = (np.square(d - d.mean(1, keepdims=True) - d.mean(0) + d.mean()).sum() / 3) / 8
    variance = max(a + b - c, a, b)
    formula = variance**2 / (a**2 + b**2 / 3 + c**2 / 3)
    assert formula < 1
    assert crossed_variance(d).dof == 1


@given(differences())
def test_degrees_of_freedom_are_never_more_than_those_of_both_sides(d: Differences) -> None:
    seeds, images = d.shape
    fewest, most = min(seeds, images) - 1, seeds + images - 2
    assert fewest <= crossed_variance(d).dof <= most + 1e-9


def test_crossed_takes_many_at_once() -> None:
    batch = np.stack([differences_of(seed, 3, 20) for seed in range(6)]).reshape(2, 3, 3, 20)
    together = crossed_variance(batch)
    one = crossed_variance(batch[1, 2])
    for field in ("delta", "variance", "dof", "seed", "image", "residual"):
        assert getattr(together, field)[1, 2] == pytest.approx(getattr(one, field)), field


@pytest.mark.parametrize("shape", [(1, 28), (3, 1)])
def test_crossed_needs_two_of_each(shape: tuple[int, int]) -> None:
    with pytest.raises(TrainerError, match=f"got {shape[0]} and {shape[1]}"):
        crossed(np.zeros(shape))


@given(differences())
def test_swapping_the_arms_negates(d: Differences) -> None:
    one, other = crossed(d), crossed(-d)
    assert (other.delta, other.low, other.high) == pytest.approx(
        (-one.delta, -one.high, -one.low), abs=1e-12
    )
    assert (other.p, other.dof) == pytest.approx((one.p, one.dof))


@given(differences(), st.randoms(use_true_random=False))
def test_the_order_of_images_and_seeds_does_not_matter(d: Differences, random: object) -> None:
    assert hasattr(random, "shuffle")
    rows, columns = list(range(d.shape[0])), list(range(d.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    one, other = crossed(d), crossed(d[rows][:, columns])
    assert (other.delta, other.low, other.high) == pytest.approx(
        (one.delta, one.low, one.high), abs=1e-9
    )


@given(differences())
def test_interval_and_p_say_the_same(d: Differences) -> None:
    estimate = crossed(d)
    assert estimate.low <= estimate.delta <= estimate.high
    if abs(estimate.p - 0.05) > 1e-9:
        assert (estimate.p < 0.05) == (not estimate.low <= 0 <= estimate.high)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_a_against_a_is_found_different_in_at_most_7_of_100(world: World, seeds: int) -> None:
    for images in (28, 140):
        assert rejections(world, 2000, seeds, images)[0] <= 0.07


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_against_a_on_a_thousand_images(world: World) -> None:
    assert rejections(world, 2000, 3, 1000)[0] <= 0.07


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
@pytest.mark.parametrize("seeds", [5, 10])
def test_a_against_a_on_a_thousand_images_and_many_seeds(world: World, seeds: int) -> None:
    assert rejections(world, 2000, seeds, 1000)[0] <= 0.07


def test_mcnemar_on_one_pair_of_runs_takes_luck_for_training() -> None:
    """Why a pair of runs gives no verdict: the seeds differ, the training sets do not."""
    assert rejections(WORLDS[2], 500, 2, 1000)[1] > 0.5


def test_a_planted_effect_is_found() -> None:
    random = np.random.default_rng(3)
    found = 0
    for _ in range(20):
        baseline = random.random((5, 400)) < 0.6
        treatment = random.random((5, 400)) < 0.8
        found += crossed(treatment.astype(int) - baseline).low > 0
    assert found == 20


# --- equivalence, several tests, folds ---


def estimate_of(delta: float, error: float, dof: float, least: float = 0.0) -> Estimate:
    return Estimate(delta, delta - 2 * error, delta + 2 * error, 0.5, dof, error, least)


def test_tost_agrees_with_statsmodels() -> None:
    weightstats = pytest.importorskip("statsmodels.stats.weightstats")
    values = np.random.default_rng(5).normal(0.004, 0.05, 60)
    error = float(values.std(ddof=1) / math.sqrt(60))
    oracle = weightstats.DescrStatsW(values).ttost_mean(-0.02, 0.02)[0]
    assert tost(estimate_of(float(values.mean()), error, 59), 0.02) == pytest.approx(oracle)
    assert tost(estimate_of(-float(values.mean()), error, 59), 0.02) == pytest.approx(oracle)


def test_tost_asks_for_the_nearer_end_of_the_margin() -> None:
    stats = pytest.importorskip("scipy.stats")
    for delta in (0.015, -0.015):
        p = tost(estimate_of(delta, 0.01, 20), 0.02)
        assert p == pytest.approx(stats.t.sf(0.005 / 0.01, 20))
    assert tost(estimate_of(0.03, 0.01, 20), 0.02) == pytest.approx(stats.t.cdf(0.01 / 0.01, 20))
    assert tost(estimate_of(0.02, 0.01, 20), 0.02) == pytest.approx(0.5)


def test_tost_takes_the_larger_of_the_two_errors() -> None:
    assert tost(estimate_of(0.0, 0.01, 20, least=0.03), 0.02) == tost(
        estimate_of(0.0, 0.03, 20), 0.02
    )
    assert tost(estimate_of(0.0, 0.03, 20, least=0.01), 0.02) == tost(
        estimate_of(0.0, 0.03, 20), 0.02
    )


def test_too_few_images_without_a_disagreement_are_not_equivalence() -> None:
    assert tost(crossed(np.zeros((10, 28))), 0.02) > 0.3
    assert tost(crossed(np.zeros((10, 400))), 0.02) < 0.001
    almost = np.zeros((10, 28))
    almost[0, 0] = 1
    assert crossed(almost).high < 0.02
    assert tost(crossed(almost), 0.02) > 0.3


def test_holm_by_hand_and_with_statsmodels() -> None:
    assert holm([]) == []
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(2).random(9).tolist()
    assert holm(p) == pytest.approx(multitest.multipletests(p, method="holm")[1].tolist())


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        ([0.01], [0.01]),
        ([0.01, 0.02, 0.03], [0.03, 0.04, 0.04]),
        ([0.03, 0.02, 0.01], [0.04, 0.04, 0.03]),
        ([0.5, 0.4], [0.8, 0.8]),
        ([0.9, 0.8], [1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
    ],
)
def test_holm_by_hand_in_any_order(p: list[float], adjusted: list[float]) -> None:
    assert holm(p) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_only_raises(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(before <= after <= 1 for before, after in zip(p, adjusted, strict=True))
    ranked = [after for _, after in sorted(zip(p, adjusted, strict=True))]
    assert ranked == sorted(ranked)


def test_the_resolution_is_laplaces_by_hand() -> None:
    """One image more in the one arm and one in the other, of n + 2: variance 2 / (n + 2)²."""
    assert resolution(8) == pytest.approx(math.sqrt(2) / 10)


def test_nadeau_bengio_by_hand() -> None:
    stats = pytest.importorskip("scipy.stats")
    d = [0.02, -0.01, 0.05, 0.03, 0.01]
    estimate = nadeau_bengio(d, train=112, test=28)
    error = math.sqrt(np.var(d, ddof=1) * (1 / 5 + 1 / 4))
    assert estimate.standard_error == pytest.approx(error)
    assert estimate.p == pytest.approx(2 * stats.t.sf(0.02 / error, 4))
    assert estimate.low == pytest.approx(0.02 - stats.t.ppf(0.975, 4) * error)
    assert estimate.p > stats.ttest_1samp(d, 0.0).pvalue, "what the correction is for"
    assert nadeau_bengio(np.reshape(d * 2, (2, 5)), 112, 28).dof == 9


def test_folds_that_do_not_vary_are_no_certainty() -> None:
    assert nadeau_bengio([0.1] * 5, 112, 28).standard_error == resolution(140)


@pytest.mark.parametrize(
    ("d", "train", "test"), [([0.1], 4, 1), ([0.1, 0.2], 0, 1), ([0.1, 0.2], 4, 0)]
)
def test_nadeau_bengio_needs_folds(d: list[float], train: int, test: int) -> None:
    with pytest.raises(TrainerError, match=f"got {len(d)}, {train} and {test}"):
        nadeau_bengio(d, train, test)
