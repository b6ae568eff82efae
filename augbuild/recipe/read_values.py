"""Read the parameters of a transform: each value checked against the parameter's legal range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from augbuild.catalogue.assets import resolve_asset
from augbuild.catalogue.transforms import ASSET_KINDS, JsonValue, Param
from augbuild.core.text import as_toml
from augbuild.recipe.problems import Place
from augbuild.recipe.rules import (
    Rule,
    Text,
    as_float,
    boolean,
    choice,
    integer,
    is_integer,
    is_number,
    number,
    numbers,
    rule_for,
)
from augbuild.recipe.values import DISTRIBUTION_KINDS, Distribution, DistributionKind, Value

# Every choice is written into dataset.json, and asset names are each looked up.
_LARGEST_CHOICE = 10_000
_INTEGER_KINDS = frozenset({"integer", "seed"})


def read_params(
    params: Mapping[str, Param], table: Mapping[str, object], place: Place, folder: Path | None
) -> dict[str, Value]:
    """Read a transform's parameters in the catalogue's order, with defaults for those not given.

    `place` is that of the transform; assets are looked for below `folder`.
    """
    values: dict[str, Value] = {}
    for name, param in params.items():
        if name in table:
            values[name] = read_value(param, table[name], place.at(name), folder)
        elif param.required:
            place.add(f"needs {name}: {param.doc}")
        else:
            values[name] = param.default
    return values


def read_value(param: Param, value: object, place: Place, folder: Path | None) -> Value:
    """Read the value of one parameter; None where it is wrong, which is added to the problems."""
    rule = _rule(param, folder)
    if isinstance(value, dict):
        return _DrawReader(param, rule, place).read(value)
    fault = rule.fault(value, " or a draw")
    if fault:
        place.add(fault)
        return None
    plain: JsonValue = rule.convert(value)
    return plain


def _rule(param: Param, folder: Path | None) -> Rule:
    if param.kind in ASSET_KINDS:
        return _asset_rule(param, folder)
    match param.kind:
        case "number":
            return number(param.low, param.high, open_low=param.open_low, open_high=param.open_high)
        case "integer" | "seed":
            return integer(int(param.low), int(param.high))
        case "boolean":
            return boolean()
        case "choice":
            return choice(*param.choices)
        case "colour":
            return numbers({3}, integer(0, 255), "three integers from 0 to 255")
        case "matrix":
            return numbers({4, 12}, number(param.low, param.high), "4 or 12 numbers")
        case _:
            return rule_for(Text)


def _asset_rule(param: Param, folder: Path | None) -> Rule:
    """Return the rule for the name of an asset: that the file is there."""
    name = rule_for(Text)

    def limits(value: str) -> str | None:
        problem = name.limits(value)
        if problem:
            return problem
        try:
            resolve_asset(param.kind, value, folder)
        except ValueError as error:
            return str(error)
        return None

    return Rule(name.noun, name.is_kind, limits)


@dataclass(frozen=True, slots=True)
class _DrawReader:
    """A reader of what one parameter is drawn from; its methods return None for what is wrong."""

    param: Param
    rule: Rule
    place: Place

    def read(self, table: Mapping[str, object]) -> Distribution | None:
        kinds = [kind for kind in DISTRIBUTION_KINDS if kind in table]
        if len(kinds) != 1:
            known = ", ".join(DISTRIBUTION_KINDS)
            self.place.add(f"must have exactly one of {known} (got {as_toml(table)})")
            return None
        kind = kinds[0]
        known_keys = {kind, "clip"} if kind == "normal" else {kind}
        self.place.add_unknown_keys(table, known_keys)
        if kind == "choice":
            return self.read_choice(table["choice"], self.place.at("choice"))
        whole = self.param.kind in _INTEGER_KINDS
        if self.param.kind != "number" and not (whole and kind == "integers"):
            usable = "integers or choice" if whole else "choice"
            self.place.add(f"cannot be drawn as {kind}; use {usable}")
            return None
        if kind == "normal":
            return self.read_normal(table, self.place.at("normal"))
        return self.read_range(kind, table[kind], self.place.at(kind))

    def read_choice(self, args: object, place: Place) -> Distribution | None:
        if not isinstance(args, list) or not 0 < len(args) <= _LARGEST_CHOICE:
            place.add(f"must be a list of 1 to {_LARGEST_CHOICE:,} values (got {as_toml(args)})")
            return None
        before = place.problems.count
        for index, value in enumerate(args):
            self.check(value, place.at(index))
        if place.problems.count > before:
            return None
        return Distribution("choice", tuple(self.rule.convert(value) for value in args))

    def read_range(self, kind: DistributionKind, args: object, place: Place) -> Distribution | None:
        before = place.problems.count
        ends = _read_pair(args, place, whole=kind == "integers")
        if ends is None:
            return None
        self.check_ends(ends, place)
        if kind == "log_uniform" and ends[0] <= 0:
            place.add(f"must have ends above 0 (got {as_toml(args)})")
        if place.problems.count > before:
            return None
        return Distribution(kind, ends if kind == "integers" else _as_floats(ends))

    def read_normal(self, table: Mapping[str, object], place: Place) -> Distribution | None:
        before = place.problems.count
        pair = _read_pair(table["normal"], place)
        if pair is None:
            return None
        mean, deviation = pair
        got = as_toml(table["normal"])
        if deviation < 0:
            place.add(f"must have a standard deviation of at least 0 (got {got})")
        ends = self.read_clip(table)
        if ends is None or place.problems.count > before:
            return None
        if not ends[0] <= mean <= ends[1]:
            place.add(f"must have its mean within {as_toml(list(ends))} (got {got})")
            return None
        return Distribution("normal", _as_floats(pair), _as_floats(ends))

    def read_clip(self, table: Mapping[str, object]) -> tuple[float, float] | None:
        """Read where a normal distribution ends: at its `clip`, else where the legal range does."""
        place = self.place.at("clip")
        if "clip" in table:
            ends = _read_pair(table["clip"], place)
            if ends is not None:
                self.check_ends(ends, place)
            return ends
        # An open end is never drawn: the nearest float inside stands for it.
        low = self.param.low
        high = self.param.high
        if self.param.open_low:
            low = math.nextafter(low, self.param.high)
        if self.param.open_high:
            high = math.nextafter(high, self.param.low)
        return low, high

    def check_ends(self, ends: tuple[float, float], place: Place) -> None:
        for index, end in enumerate(ends):
            self.check(end, place.at(index))
        if ends[0] > ends[1]:
            place.add(f"must have the smaller end first (got {as_toml(list(ends))})")

    def check(self, value: object, place: Place) -> None:
        fault = self.rule.fault(value)
        if fault:
            place.add(fault)


def _read_pair(value: object, place: Place, *, whole: bool = False) -> tuple[float, float] | None:
    is_end = is_integer if whole else _is_finite
    if isinstance(value, list) and len(value) == 2 and all(is_end(end) for end in value):
        return value[0], value[1]
    noun = "integers" if whole else "numbers"
    place.add(f"must be two {noun} (got {as_toml(value)})")
    return None


def _is_finite(value: object) -> bool:
    # Far below the largest float, so that the difference of two ends is finite, too.
    return is_number(value) and abs(value) < 1e300


def _as_floats(pair: tuple[float, float]) -> tuple[float, float]:
    return as_float(pair[0]), as_float(pair[1])
