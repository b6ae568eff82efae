"""One value from one random number: the ends, the middle, and six digits."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.catalogue.transforms import JsonValue
from augbuild.planning.distributions import SMALLEST, draw_value, round_within
from augbuild.recipe.values import Distribution

LAST = 1 - SMALLEST  # the largest that random() returns


@pytest.mark.parametrize("value", [7, 0.5, "a", True, None, [1, 2]])
def test_a_plain_value_is_itself(value: JsonValue) -> None:
    assert draw_value(value, 0.9) is value


@pytest.mark.parametrize(
    ("kind", "args", "at"),
    [
        ("uniform", (-30, 30), {0: -30.0, 0.25: -15.0, 0.5: 0.0, LAST: 30.0}),
        ("uniform", (2, 2), {0: 2.0, LAST: 2.0}),
        ("log_uniform", (0.1, 10), {0: 0.1, 0.5: 1.0, 0.75: 3.16228, LAST: 10.0}),
        ("integers", (-1, 2), {0: -1, 0.2499: -1, 0.25: 0, 0.5: 1, 0.7499: 1, 0.75: 2, LAST: 2}),
        ("integers", (5, 5), {0: 5, LAST: 5}),
        ("choice", ("a", "b", "c"), {0: "a", 0.33: "a", 0.34: "b", 0.67: "c", LAST: "c"}),
        ("normal", (10, 5), {0.5: 10.0, 0.841345: 15.0, 0.158655: 4.99999}),
        ("normal", (10, 0), {0: 10.0, LAST: 10.0}),
    ],
)
def test_what_a_distribution_has_at_a_number(
    kind: str, args: tuple[JsonValue, ...], at: dict[float, JsonValue]
) -> None:
    distribution = Distribution(kind, args)  # type: ignore[arg-type]  # one of the five
    drawn = {u: draw_value(distribution, u) for u in at}
    assert drawn == at
    assert [type(value) for value in drawn.values()] == [type(value) for value in at.values()]


def test_the_ends_of_a_normal_one_are_finite() -> None:
    normal = Distribution("normal", (0, 1))
    lowest = draw_value(normal, 0.0)
    assert lowest == float(f"{NormalDist().inv_cdf(2.0**-53):.6g}")
    assert isinstance(draw_value(normal, LAST), float)


def test_a_normal_one_is_clipped_at_both_ends() -> None:
    normal = Distribution("normal", (10, 5), clip=(5, 12))
    drawn = [draw_value(normal, u) for u in (0.0, 0.01, 0.5, 0.99, LAST)]
    assert drawn == [5.0, 5.0, 10.0, 12.0, 12.0]


@given(st.floats(-1e6, 1e6))
def test_floats_have_six_digits(value: float) -> None:
    rounded = round_within(value, -math.inf, math.inf)
    assert rounded == float(f"{rounded:.6g}")
    assert rounded == pytest.approx(value, rel=1e-5, abs=1e-300)


def test_a_value_stays_in_a_range_that_six_digits_cannot_hold() -> None:
    assert round_within(0.12345678, 0.12345678, 0.12345679) == 0.12345679  # not 0.123457
    assert round_within(0.12345612, 0.12345611, 0.12345613) == 0.12345611  # not 0.123456
    assert round_within(0.123456, 0.1234561, 1.0) == 0.1234561
    assert isinstance(round_within(3, 1, 2), float)
