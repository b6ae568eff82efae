"""Intervals and tests: against values by hand, other libraries, and worlds of no difference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.errors import TrainerError
from trainer.statistics.crossed import crossed
from trainer.statistics.tests import (
    Components,
    Estimate,
    at_level,
    equivalence_interval,
    fisher_exact,
    holm,
    holm_levels,
    mcnemar_exact,
    resolution,
    t_estimate,
    tost,
    wilson,
)


def test_the_variance_of_a_mean_by_hand() -> None:
    components = Components(seed=0.06, image=0.5, residual=0.9)
    assert components.at(3, 10) == pytest.approx(0.02 + 0.05 + 0.03)


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


def estimate_of(delta: float, error: float, dof: float, least: float = 0.0) -> Estimate:
    return Estimate(delta, delta - 2 * error, delta + 2 * error, 0.5, dof, error, least, None)


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


@given(st.integers(1, 30), st.data())
def test_fishers_test_is_scipys(each: int, data: st.DataObject) -> None:
    stats = pytest.importorskip("scipy.stats")
    first, second = data.draw(st.integers(0, each)), data.draw(st.integers(0, each))
    expected = stats.fisher_exact([[first, each - first], [second, each - second]])[1]
    assert fisher_exact(first, second, each) == pytest.approx(expected)


def test_fishers_test_by_hand() -> None:
    """Of 252 ways to choose 5 failures among 10 runs, two have them all in one arm."""
    assert fisher_exact(5, 0, 5) == pytest.approx(2 / 252)
    assert fisher_exact(0, 0, 5) == 1.0


def test_another_level_widens_the_interval_alone() -> None:
    stats = pytest.importorskip("scipy.stats")
    estimate = estimate_of(0.1, 0.03, 9)
    wider = at_level(estimate, 0.99)
    half = stats.t.ppf(0.995, 9) * 0.03
    assert (wider.low, wider.high) == pytest.approx((0.1 - half, 0.1 + half))
    assert wider.p == pytest.approx(2 * stats.t.sf(0.1 / 0.03, 9))
    assert (wider.dof, wider.delta) == (9, 0.1)
    fewer = at_level(estimate, 0.95, dof=4)
    assert fewer.p == pytest.approx(2 * stats.t.sf(0.1 / 0.03, 4))
    assert fewer.high == pytest.approx(0.1 + stats.t.ppf(0.975, 4) * 0.03)


@given(st.floats(-0.05, 0.05), st.floats(0.001, 0.05), st.floats(2, 200))
def test_the_equivalence_interval_is_the_two_one_sided_tests(
    delta: float, error: float, dof: float
) -> None:
    estimate = estimate_of(delta, error, dof)
    low, high = equivalence_interval(estimate, 0.05)
    assert low == pytest.approx(2 * delta - high)
    p = tost(estimate, 0.02)
    if abs(p - 0.05) > 1e-6:
        assert (low > -0.02 and high < 0.02) == (p < 0.05)


def test_the_equivalence_interval_is_no_narrower_than_the_images_allow() -> None:
    estimate = t_estimate(0.0, 0.001, 20, 0.95, 0.03)
    low, high = equivalence_interval(estimate, 0.05)
    assert high == pytest.approx(1.7247 * 0.03, rel=1e-4)
    assert low == -high


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=8))
def test_intervals_adjusted_by_holm_exclude_0_where_its_p_is_small(p: list[float]) -> None:
    levels, adjusted = holm_levels(p, 0.05), holm(p)
    for value, level, raised in zip(p, levels, adjusted, strict=True):
        if abs(raised - 0.05) > 1e-9:
            assert (value < 1 - level) == (raised < 0.05)
        assert 0.95 - 1e-12 <= level < 1


def test_levels_of_three_intervals() -> None:
    assert holm_levels([0.5, 0.001, 0.02], 0.05) == pytest.approx(
        [1 - 0.05, 1 - 0.05 / 3, 1 - 0.05 / 2]
    )
    # The second p is raised to 3 · 0.02, so its interval is that of 3, too.
    assert holm_levels([0.02, 0.021], 0.05) == pytest.approx([1 - 0.025, 1 - 0.05 * 0.021 / 0.04])
