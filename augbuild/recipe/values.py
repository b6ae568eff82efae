"""What a recipe gives a parameter: a plain value, or a distribution to draw it from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from augbuild.catalogue.transforms import JsonValue

DistributionKind = Literal["uniform", "log_uniform", "normal", "integers", "choice"]
DISTRIBUTION_KINDS: tuple[DistributionKind, ...] = (
    "uniform",
    "log_uniform",
    "normal",
    "integers",
    "choice",
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a value is drawn from.

    `args` are the ends of a range (both included), the mean and standard deviation of a normal
    distribution, or the choices. `clip` has the ends of a normal distribution.
    """

    kind: DistributionKind
    args: tuple[JsonValue, ...]
    clip: tuple[float, float] | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the distribution as a recipe would write it."""
        written: dict[str, JsonValue] = {self.kind: list(self.args)}
        if self.clip is not None:
            written["clip"] = list(self.clip)
        return written


Value = JsonValue | Distribution


def possible_values(value: Value) -> tuple[JsonValue, ...] | None:
    """Return all that a value can come out as, where those are few; None for a range."""
    if not isinstance(value, Distribution):
        return (value,)
    if value.kind == "choice":
        return value.args
    first, second = value.args
    if value.kind == "normal":
        deviation = second
        return None if deviation else (first,)
    return (first,) if first == second else None


def bounds(value: Value) -> tuple[float, float] | None:
    """Return the least and the largest number that a value can come out as.

    None for a value that is not a number, or where some of the choices are not.
    """
    values: tuple[JsonValue, ...]
    if not isinstance(value, Distribution):
        values = (value,)
    elif value.clip is not None:
        return value.clip
    else:
        values = value.args
    numbers = [each for each in values if isinstance(each, int | float)]
    if not numbers or len(numbers) < len(values):
        return None
    return min(numbers), max(numbers)


def is_always(values: Mapping[str, Value], wanted: Mapping[str, JsonValue]) -> bool:
    """Check whether parameters can only come out as `wanted`."""
    for name, wanted_value in wanted.items():
        possible = possible_values(values.get(name))
        if possible is None or any(each != wanted_value for each in possible):
            return False
    return True
