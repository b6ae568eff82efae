"""Seeds crossed with images: by hand, against other libraries, and in worlds of no difference."""

from __future__ import annotations

import warnings
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from augbuild.errors import TrainerError
from benchmarks.null_worlds import WORLDS as NULL_WORLDS
from benchmarks.null_worlds import measure
from benchmarks.type_one_error import WORLDS, World, rejections
from trainer.statistics.crossed import crossed, crossed_variance
from trainer.statistics.tests import resolution

Differences = NDArray[np.int8]


def differences_of(seed: int, seeds: int, images: int) -> Differences:
    return np.random.default_rng(seed).integers(-1, 2, (seeds, images), np.int8)


@st.composite
def differences(draw: st.DrawFn) -> Differences:
    shape = draw(st.tuples(st.integers(2, 6), st.integers(2, 30)))
    return draw(arrays(np.int8, shape, elements=st.integers(-1, 1)))


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
    assert fewest - 1e-9 <= crossed_variance(d).dof <= most + 1e-9


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


@given(differences(), st.randoms(use_true_random=False))
def test_groups_follow_the_definition(d: Differences, random: Random) -> None:
    """Every sum of the docstring, written out with loops."""
    seeds, images = d.shape
    groups = np.array([random.randrange(images) for _ in range(images)])
    numbers = sorted(set(groups.tolist()))
    if len(numbers) < 2:
        return
    overlap = sum(float(np.mean(groups == number)) ** 2 for number in numbers)
    scale = images**2 * (1 - overlap)
    delta, by_seed, by_image = d.mean(), d.mean(axis=1), d.mean(axis=0)
    a = by_seed.var(ddof=1) / seeds
    b = c = 0.0
    for number in numbers:
        inside = groups == number
        b += (by_image - delta)[inside].sum() ** 2 / scale
        for seed in range(seeds):
            residual = d[seed] - by_seed[seed] - by_image + delta
            c += residual[inside].sum() ** 2 / scale / seeds / (seeds - 1)
    variance = max(a + b - c, a, b)
    result = crossed_variance(d, groups)
    if variance > 1e-12:
        freedom = 1 / overlap - 1
        spread = a**2 / (seeds - 1) + b**2 / freedom + c**2 / (seeds - 1) / freedom
        fewest, most = min(seeds - 1, freedom), seeds - 1 + freedom
        assert result.variance == pytest.approx(variance)
        assert result.dof == pytest.approx(min(max(variance**2 / spread, fewest), most))
    else:
        assert result.variance == pytest.approx(resolution(len(numbers)) ** 2)


@given(differences())
def test_groups_of_one_image_change_nothing(d: Differences) -> None:
    without, alone = crossed_variance(d), crossed_variance(d, np.arange(d.shape[1])[::-1])
    for field in ("delta", "variance", "dof", "seed", "image", "residual", "units"):
        assert getattr(alone, field) == pytest.approx(getattr(without, field), abs=1e-12), field


def test_copies_of_the_test_images_are_no_evidence() -> None:
    """Each image five times: the same mean, and the same variance as each image once."""
    d = differences_of(3, 6, 30)
    once = crossed(d)
    five = crossed(np.repeat(d, 5, axis=1), groups=np.repeat(np.arange(30), 5))
    assert (five.delta, five.p, five.dof) == pytest.approx((once.delta, once.p, once.dof))
    same = np.repeat(d[:1], 6, axis=0)  # all seeds agree, so that images are all that varies
    without_groups = crossed(np.repeat(same, 5, axis=1)).standard_error
    assert without_groups < 0.5 * crossed(same).standard_error, "what the groups are for"


def test_the_components_add_up_to_the_variance() -> None:
    d = differences_of(8, 6, 30) + np.arange(6)[:, None] % 2
    groups = np.arange(30) // 3
    estimate, result = crossed(d, groups=groups), crossed_variance(d, groups)
    assert estimate.components is not None
    assert min(result.seed, result.image) > 0
    assert estimate.components.at(6, 30) == pytest.approx(estimate.standard_error**2)


@given(differences())
def test_swapping_the_arms_negates(d: Differences) -> None:
    one, other = crossed(d), crossed(-d)
    assert (other.delta, other.low, other.high) == pytest.approx(
        (-one.delta, -one.high, -one.low), abs=1e-12
    )
    assert (other.p, other.dof) == pytest.approx((one.p, one.dof))


@given(differences(), st.randoms(use_true_random=False))
def test_the_order_of_images_and_seeds_does_not_matter(d: Differences, random: Random) -> None:
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


@pytest.mark.parametrize("name", NULL_WORLDS)
def test_worlds_that_break_the_simple_picture(name: str) -> None:
    """Copies, draws, rare classes, failures and folds; in full: `benchmarks/null_worlds.py`."""
    wrong, held = measure(NULL_WORLDS[name], seeds=5, repetitions=300, seed=1)
    assert wrong <= 0.07
    assert held >= 0.92


def test_copies_that_count_as_independent_find_what_is_not_there() -> None:
    """What groups are for: without them every sixth verdict on copies is wrong."""
    random = np.random.default_rng(4)
    found = 0
    for _ in range(200):
        trial = NULL_WORLDS["test images in groups of 10 copies"](random, 10)
        found += crossed(trial.differences).p < 0.05
    assert found / 200 > 0.12


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
