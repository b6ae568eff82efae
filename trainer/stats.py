"""Intervals and tests (numpy, scipy)."""

from __future__ import annotations

from scipy.stats import norm


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Give the Wilson score interval of a proportion (Wilson 1927)."""
    z = float(norm.ppf(0.5 + level / 2))
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * ((p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5)
    return centre - half, centre + half
