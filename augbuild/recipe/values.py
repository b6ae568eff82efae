"""How a recipe writes a value: plainly, or as a draw; each form checked against the parameter's legal range."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from augbuild.catalogue.assets import resolve_asset
from augbuild.catalogue.transforms import ASSET_KINDS, JsonValue, Param
from augbuild.core.text import as_toml, join_key
from augbuild.recipe import rules as schema
from augbuild.recipe.rules import Problems, Rule

DistributionKind = Literal["uniform", "log_uniform", "normal", "integers", "choice"]
_KINDS: tuple[DistributionKind, ...] = ("uniform", "log_uniform", "normal", "integers", "choice")
_LARGEST_CHOICE = 10_000


@dataclass(frozen=True, slots=True)
class Distribution:
    """A value that is drawn: `args` are the ends of a range, mean and standard deviation, or the choices.

    `clip` bounds a normal draw.
    """

    kind: DistributionKind
    args: tuple[JsonValue, ...]
    clip: tuple[float, float] | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Give the draw as a recipe would write it."""
        written: dict[str, JsonValue] = {self.kind: list(self.args)}
        return written if self.clip is None else {**written, "clip": list(self.clip)}


def read_value(
    param: Param, value: object, path: str, folder: Path | None, problems: Problems
) -> JsonValue | Distribution:
    """Read the value of a parameter; what is wrong with it goes to `problems`."""
    check = _checker(param, folder)
    if not isinstance(value, dict):
        return _plain(check, value, path, problems, " or a draw")
    kinds = [kind for kind in _KINDS if kind in value]
    if len(kinds) != 1:
        problems.add(path, f"must hold one of {', '.join(_KINDS)} (got {as_toml(value)})")
        return None
    kind = kinds[0]
    problems.add_unknown_keys(path, value, {kind, "clip"} if kind == "normal" else {kind})
    args = value[kind]
    if kind == "choice":
        return _choice(check, args, join_key(path, kind), problems)
    return _range(param, kind, args, value.get("clip"), path, problems)


def possible_values(value: JsonValue | Distribution) -> tuple[JsonValue, ...] | None:
    """Give all that a value can come out as, where those are few; None where it is a range."""
    if not isinstance(value, Distribution):
        return (value,)
    if value.kind == "choice":
        return value.args
    if value.kind == "normal":
        return None if value.args[1] else (value.args[0],)
    return (value.args[0],) if value.args[0] == value.args[1] else None


def bounds(value: JsonValue | Distribution) -> tuple[float, float] | None:
    """Give the least and the largest that a value can come out as; None where it is no number."""
    values = value.args if isinstance(value, Distribution) and value.clip is None else (value,)
    if isinstance(value, Distribution) and value.clip is not None:
        return value.clip
    numbers = [each for each in values if isinstance(each, int | float)]
    return (min(numbers), max(numbers)) if numbers and len(numbers) == len(values) else None


Check = Callable[[object, str], tuple[str | None, JsonValue]]


def _checker(param: Param, folder: Path | None) -> Check:
    """Give a function that tells what is wrong with a plain value, and else what to keep of it."""
    if param.kind in ASSET_KINDS:
        return lambda value, alternative: _asset(param, value, folder, alternative)
    rule = _rule(param)

    def check(value: object, alternative: str) -> tuple[str | None, JsonValue]:
        fault = rule.fault(value, alternative)
        return (fault, None) if fault else (None, rule.convert(value))

    return check


def _rule(param: Param) -> Rule:
    match param.kind:
        case "number":
            return schema.number(
                param.low, param.high, open_low=param.open_low, open_high=param.open_high
            )
        case "integer" | "seed":
            return schema.integer(int(param.low), int(param.high))
        case "boolean":
            return schema.boolean()
        case "choice":
            return schema.choice(*param.choices)
        case "colour":
            return schema.numbers(3, 3, schema.integer(0, 255), "three integers from 0 to 255")
        case "matrix":
            return schema.numbers(
                4, 12, schema.number(param.low, param.high), "4 or 12 numbers", lengths=(4, 12)
            )
        case _:
            return schema.text()


def _asset(
    param: Param, value: object, folder: Path | None, alternative: str
) -> tuple[str | None, JsonValue]:
    if fault := schema.text().fault(value, alternative):
        return fault, None
    try:
        resolve_asset(param.kind, str(value), folder)
    except ValueError as error:
        return f"{error} (got {as_toml(value)})", None
    return None, str(value)


def _plain(
    check: Check, value: object, path: str, problems: Problems, alternative: str = ""
) -> JsonValue:
    fault, kept = check(value, alternative)
    if fault:
        problems.add(path, fault)
    return kept


def _choice(check: Check, args: object, path: str, problems: Problems) -> Distribution | None:
    if not isinstance(args, list) or not 0 < len(args) <= _LARGEST_CHOICE:
        problems.add(
            path, f"must be a list of 1 to {_LARGEST_CHOICE:,} values (got {as_toml(args)})"
        )
        return None
    before = problems.count
    kept = tuple(
        _plain(check, value, join_key(path, index), problems) for index, value in enumerate(args)
    )
    return Distribution("choice", kept) if problems.count == before else None


def _range(
    param: Param, kind: DistributionKind, args: object, clip: object, path: str, problems: Problems
) -> Distribution | None:
    if param.kind not in {"number", "integer", "seed"} or (
        kind != "integers" and param.kind != "number"
    ):
        wanted = "integers or choice" if param.kind in {"integer", "seed"} else "choice"
        problems.add(path, f"cannot be drawn as {kind}; use {wanted}")
        return None
    before = problems.count
    pair = _pair(args, join_key(path, kind), problems, whole=kind == "integers")
    if pair is None or kind == "normal":
        return None if pair is None else _normal(param, pair, clip, path, problems)
    _check_range(param, pair, join_key(path, kind), problems)
    if kind == "log_uniform" and pair[0] <= 0:
        problems.add(join_key(path, kind), f"must have ends above 0 (got {as_toml(args)})")
    if problems.count > before:
        return None
    return Distribution(kind, pair if kind == "integers" else _as_floats(pair))


def _normal(
    param: Param, pair: tuple[float, float], clip: object, path: str, problems: Problems
) -> Distribution | None:
    before = problems.count
    if pair[1] < 0:
        problems.add(
            join_key(path, "normal"),
            f"must have a standard deviation from 0 (got {as_toml(list(pair))})",
        )
    if clip is not None:
        ends = _pair(clip, join_key(path, "clip"), problems)
        if ends is not None:
            _check_range(param, ends, join_key(path, "clip"), problems)
    else:  # an open end is never drawn: the nearest number inside stands for it
        low = math.nextafter(param.low, param.high) if param.open_low else param.low
        ends = (low, math.nextafter(param.high, param.low) if param.open_high else param.high)
    if problems.count > before or ends is None:
        return None
    if not ends[0] <= pair[0] <= ends[1]:
        problems.add(
            join_key(path, "normal"),
            f"must have its mean within {as_toml(list(ends))} (got {as_toml(list(pair))})",
        )
        return None
    return Distribution("normal", _as_floats(pair), _as_floats(ends))


def _check_range(param: Param, ends: tuple[float, float], path: str, problems: Problems) -> None:
    check = _checker(param, None)
    for index, end in enumerate(ends):
        _plain(check, end, join_key(path, index), problems)
    if ends[0] > ends[1]:
        problems.add(path, f"must start with the smaller end (got {as_toml(list(ends))})")


def _pair(
    value: object, path: str, problems: Problems, *, whole: bool = False
) -> tuple[float, float] | None:
    if (
        isinstance(value, list)
        and len(value) == 2
        and all(map(schema.is_integer if whole else _is_finite, value))
    ):
        return (value[0], value[1])
    problems.add(path, f"must be two {'integers' if whole else 'numbers'} (got {as_toml(value)})")
    return None


def _as_floats(pair: tuple[float, float]) -> tuple[float, float]:
    return float(pair[0]) + 0.0, float(
        pair[1]
    ) + 0.0  # [-30, 30] and [-30.0, 30.0] are the same recipe; so are -0.0 and 0.0


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def read_params(
    params: Mapping[str, Param],
    table: Mapping[str, object],
    path: str,
    folder: Path | None,
    problems: Problems,
) -> dict[str, JsonValue | Distribution]:
    """Read a transform's parameters, with the defaults of those that are not given, in the catalogue's order."""
    values: dict[str, JsonValue | Distribution] = {}
    for name, param in params.items():
        if name in table:
            values[name] = read_value(param, table[name], join_key(path, name), folder, problems)
        elif param.required:
            problems.add(path, f"needs {name}: {param.doc}")
        else:
            values[name] = param.default
    return values


def always(values: Mapping[str, JsonValue | Distribution], wanted: Mapping[str, JsonValue]) -> bool:
    """Tell whether parameters can only come out as `wanted`."""
    return all(_only(values.get(name), value) for name, value in wanted.items())


def _only(value: JsonValue | Distribution, wanted: JsonValue) -> bool:
    possible: Iterable[JsonValue] | None = possible_values(value)
    return possible is not None and all(each == wanted for each in possible)
