"""How many images and seeds a gain needs: against tables, values on paper, and simulated runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.errors import TrainerError
from trainer.statistics.crossed import crossed
from trainer.statistics.sample_size import (
    Measured,
    Range,
    detectable_gain,
    images_needed,
    required_images,
    required_images_of,
    required_seeds,
    seeds_needed,
    visible_gain,
)
from trainer.statistics.tests import Components

TABLE = {
    0.01: (7847, 15696, 23545, 31394),
    0.02: (1960, 3923, 5885, 7847),
    0.036: (604, 1209, 1815, 2421),
    0.05: (312, 626, 940, 1254),
    0.1: (77, 155, 234, 312),
}


@pytest.mark.parametrize("gain", TABLE)
def test_required_images(gain: float) -> None:
    assert (
        tuple(required_images(gain, disagree) for disagree in (0.1, 0.2, 0.3, 0.4)) == TABLE[gain]
    )


@pytest.mark.parametrize(("gain", "disagree"), [(0.0, 0.3), (0.31, 0.3), (0.5, 1.1)])
def test_no_gain_without_disagreement(gain: float, disagree: float) -> None:
    with pytest.raises(TrainerError, match=f"got {gain:g} and {disagree:g}"):
        required_images(gain, disagree)


@pytest.mark.parametrize(("images", "points"), [(28, 27.8), (140, 12.9), (1000, 4.8)])
def test_detectable_gain(images: int, points: float) -> None:
    gain = detectable_gain(images)
    assert gain is not None
    assert 100 * gain == pytest.approx(points, abs=0.05)


def test_few_images_see_only_gains_larger_than_the_disagreement_or_none() -> None:
    gain = detectable_gain(10, disagree=0.1)
    assert gain is not None
    assert required_images(gain + 1e-9, gain + 1e-9) == 10
    assert detectable_gain(3) is None


@given(st.integers(30, 100_000), st.floats(0.05, 1.0))
def test_detectable_gain_inverts_required_images(images: int, disagree: float) -> None:
    gain = detectable_gain(images, disagree)
    assert gain is not None
    assert required_images(gain * (1 + 1e-9), max(disagree, gain * (1 + 1e-9))) == images


def test_required_seeds() -> None:
    components = Components(seed=0.002, image=0.05, residual=0.2)
    seeds = required_seeds(0.05, 1000, components)
    assert seeds == 10
    assert required_seeds(0.1, 1000, components) == 4
    assert required_seeds(0.5, 1000, components) == 3
    assert required_seeds(0.05, 28, components) is None
    assert required_seeds(0.05, 1000, Components(0.0, 0.0, 0.0)) == 3
    one_image_is_more = required_seeds(0.001, 1000, Components(0.0, 0.0, 0.0))
    assert one_image_is_more is None


@given(
    st.integers(3, 30),
    st.floats(0.01, 0.5),
    st.floats(0, 0.01),
    st.floats(0, 0.3),
    st.floats(0, 0.3),
)
def test_required_images_of_is_the_least_that_required_seeds_agrees_with(
    seeds: int, gain: float, seed: float, image: float, residual: float
) -> None:
    components = Components(seed, image, residual)
    images = required_images_of(gain, seeds, components)
    if images is None:
        assert gain < 5 * (seed / seeds) ** 0.5 + 1e-3
        return
    needed = required_seeds(gain, images, components)
    assert needed is not None
    assert needed <= seeds
    if images > 2:
        fewer = required_seeds(gain, images - 1, components)
        assert fewer is None or fewer > seeds


def test_the_coin_of_each_prediction_averages_out_over_seeds() -> None:
    components = Components(seed=0.0, image=0.0, residual=0.2)
    assert components.at(4, 100) == pytest.approx(0.0005)
    # On paper: (2.306 + 0.889) · √(0.002 / 9) = 0.048, and (2.365 + 0.896) · √(0.002 / 8) = 0.052.
    assert required_seeds(0.05, 100, components) == 9


def test_required_seeds_have_the_power_they_promise() -> None:
    random = np.random.default_rng(8)
    deviation, gain = 0.05, 0.06
    seeds = required_seeds(gain, 400, Components(deviation**2, 0.0, 0.2))
    assert seeds is not None
    d = (
        gain
        + deviation * random.standard_normal((2000, seeds, 1))
        + 0.2**0.5 * random.standard_normal((2000, seeds, 400))
    )
    found = [crossed(each).low > 0 for each in d]
    assert 0.75 < np.mean(found) < 0.92


def test_power_and_level_are_those_asked_for() -> None:
    """On paper, with 1.645 and 1.282: (1.645 · √0.3 + 1.282 · √0.2975)² / 0.05² = 1,023."""
    assert required_images(0.05, 0.3, power=0.9, alpha=0.1) == pytest.approx(1024, abs=2)
    gain = detectable_gain(1024, 0.3, power=0.9, alpha=0.1)
    assert gain == pytest.approx(0.05, abs=1e-4)
    assert detectable_gain(1024, 0.3) == pytest.approx(0.048, abs=5e-4)


def test_a_gain_of_all_images_takes_four() -> None:
    """Two models that contradict each other on every image: the normal quantile alone counts."""
    assert required_images(1.0, 1.0) == 4
    assert detectable_gain(4) is not None


def test_the_most_seeds_and_images_are_still_asked() -> None:
    components = Components(seed=0.002, image=0.05, residual=0.2)
    assert required_seeds(0.05, 1000, components, most=10) == 10
    assert required_seeds(0.05, 1000, components, most=9) is None
    images = required_images_of(0.05, 10, components)
    assert images is not None
    assert required_images_of(0.05, 10, components, most=images) == images
    assert required_images_of(0.05, 10, components, most=images - 1) is None


def test_a_thousand_seeds_are_the_most_by_default() -> None:
    """A variance of seeds alone: the fewest seeds follow from the gain."""
    components = Components(seed=1.0, image=0.0, residual=0.0)
    gains = {}
    for number in range(8850, 8880):
        gain = number / 1e5
        gains[required_seeds(gain, 10**6, components, most=1100)] = gain
    assert required_seeds(gains[1000], 10**6, components) == 1000
    assert required_seeds(gains[1001], 10**6, components) is None


def test_degrees_of_freedom_are_satterthwaites() -> None:
    """On paper, 1,000 images; t quantiles of so many degrees of freedom for 5 % and 80 %."""
    # Variances 0.0002 / K, K − 1 degrees of freedom. 3 seeds: 5.36 · √(0.0002 / 3) = 0.044;
    # 4 seeds: 4.16 · √(0.0002 / 4) = 0.0294.
    assert required_seeds(0.03, 1000, Components(0.0001, 0.0, 0.1)) == 4
    # Variances 0.0001 / K + 0.0001, (K − 1)(K + 1)² degrees of freedom. 3 seeds: 32, and
    # 2.890 · √0.000133 = 0.03337; 4 seeds: 75, and 2.838 · √0.000125 = 0.03173.
    assert required_seeds(0.0331, 1000, Components(0.0001, 0.1, 0.0)) == 4


def test_ten_million_images_are_the_most_by_default() -> None:
    """On paper: 2.802² · 1.2 / 0.001² = 9.4 million, and with 1.4 eleven million."""
    images = required_images_of(0.001, 5, Components(0.0, 1.2, 0.0))
    assert images == pytest.approx(9.42e6, rel=1e-3)
    assert required_images_of(0.001, 5, Components(0.0, 1.4, 0.0)) is None


def test_two_images_are_the_fewest() -> None:
    """2.802 · √2 / (2 + 2) = 0.991 of all images, where nothing varies."""
    assert required_images_of(1.0, 30, Components(0.0, 0.0, 0.0)) == 2
    assert required_images_of(0.99, 30, Components(0.0, 0.0, 0.0)) == 3


def test_ranges_hold_what_is_true() -> None:
    """The gain that 8 seeds on 200 images show, and the seeds that 6 points take, of known worlds.

    A range of 10 to 90 per cent holds the true number in 80 of 100 trials; 75 are promised.
    """
    random = np.random.default_rng(11)
    true = Components(seed=0.001, image=0.03, residual=0.15)
    seen = next(
        gain for gain in np.arange(0.01, 0.3, 0.0002)
        if (least := required_seeds(gain, 200, true)) is not None and least <= 8
    )  # fmt: skip
    seeds = required_seeds(0.06, 200, true)
    assert seeds is not None
    held = [0, 0]
    trials = 200
    for _ in range(trials):
        d = true.seed**0.5 * random.standard_normal((8, 1))
        d = d + true.image**0.5 * random.standard_normal((1, 200))
        d = d + true.residual**0.5 * random.standard_normal((8, 200))
        components = crossed(d).components
        assert components is not None
        variances = Measured(components, 8, 200, 200.0)
        gain, number = visible_gain(variances), seeds_needed(0.06, variances)
        assert gain.low is not None
        assert gain.high is not None
        held[0] += bool(gain.low <= seen <= gain.high)
        low = math.inf if number.low is None else number.low
        high = math.inf if number.high is None else number.high
        held[1] += low <= seeds <= high
    assert min(held) / trials >= 0.75


def test_ranges_are_the_same_each_time_and_in_order() -> None:
    variances = Measured(Components(0.001, 0.05, 0.2), 10, 140, 140.0)
    for find in (visible_gain, lambda known: images_needed(0.05, known)):
        first = find(variances)
        assert first == find(variances)
        assert first.low is not None
        if first.high is not None:
            assert first.low < first.high


def test_images_that_are_alike_tell_less_of_the_variance() -> None:
    components = Components(0.0005, 0.05, 0.2)
    known = visible_gain(Measured(components, 10, 140, 140.0))
    vague = visible_gain(Measured(components, 10, 140, 14.0))
    assert known.low is not None
    assert known.high is not None
    assert vague.low is not None
    assert vague.high is not None
    assert vague.high - vague.low > known.high - known.low


def test_more_than_a_thousand_seeds_are_no_number() -> None:
    variances = Measured(Components(0.5, 0.0, 0.0), 5, 1000, 1000.0)
    assert seeds_needed(0.01, variances) == Range(None, None)
