"""One value of a parameter from one random number, as its distribution says."""

from __future__ import annotations

import math
from statistics import NormalDist

from augbuild.catalogue.transforms import JsonValue
from augbuild.recipe.values import Distribution, Value

SMALLEST = 2.0**-53
"""The step of random(): stands for 0, which has no logarithm and no quantile."""

_UNBOUNDED = (-math.inf, math.inf)


def draw_value(value: Value, u: float) -> JsonValue:
    """Return a plain value as it is, and what a distribution has at `u`, which is in [0, 1)."""
    if not isinstance(value, Distribution):
        return value
    if value.kind == "choice":
        count = len(value.args)
        return value.args[int(u * count)]
    first, second = value.args
    assert isinstance(first, int | float), "the recipe is checked"
    assert isinstance(second, int | float), "the recipe is checked"
    match value.kind:
        case "integers":
            start = int(first)
            count = int(second) - start + 1
            return start + int(u * count)
        case "uniform":
            width = second - first
            return round_within(first + width * u, first, second)
        case "log_uniform":
            logarithm = math.log(first)
            logarithm += math.log(second / first) * u
            return round_within(math.exp(logarithm), first, second)
        case "normal":
            quantile = NormalDist().inv_cdf(max(u, SMALLEST))
            drawn = first + second * quantile
            low, high = value.clip or _UNBOUNDED
            return round_within(drawn, low, high)


def round_within(value: float, low: float, high: float) -> float:
    """Round to six digits, so that the last bits of a mathematical library don't matter.

    The result stays from `low` to `high`, which may have more digits.
    """
    six_digits = float(f"{value:.6g}")
    at_least_low = max(six_digits, low)
    return float(min(at_least_low, high))
