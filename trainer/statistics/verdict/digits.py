"""Shares and p values in the digits that they are worth, for sentences."""

from __future__ import annotations


def format_signed(share: float) -> str:
    """Return a share as points with their sign and two significant digits: `+1.8`, `−12`, `0`."""
    points = 100 * share
    # Two digits of less than this are digits of rounding errors.
    if abs(points) < 0.0005:
        return "0"
    text = f"{points:+.0f}" if abs(points) >= 10 else f"{points:+.2g}"
    return text.replace("-", "−")


def format_points(share: float) -> str:
    """Return a share as points with two significant digits, without a plus sign."""
    return format_signed(share).lstrip("+")


def format_percent(share: float) -> str:
    """Return a share in whole per cent: `61 %`."""
    return f"{100 * share:.0f} %"


def format_level(level: float) -> str:
    """Return the level of an interval: `95 %`, `99.8 %`."""
    return f"{100 * level:.3g} %"


def format_p(p: float | None) -> str:
    """Return a p value: `p < 0.001`, `p = 0.040`, `p = 0.50`; nothing for None."""
    if p is None:
        return ""
    if p < 0.001:
        return "p < 0.001"
    digits = 3 if p < 0.1 else 2
    return f"p = {p:.{digits}f}"
