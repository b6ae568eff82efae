"""What the values of a recipe must be: a rule for each, taken from the type of its field.

Types of fields carry their own ranges as msgspec's `Meta`, so that the reader of a recipe and the
reader of dataset.json check the same. Messages are the recipe's own: they name the key path, and
all mistakes of a recipe are reported at once, where msgspec stops at the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeGuard,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from msgspec import Meta

from augbuild.core.text import as_toml, list_words
from augbuild.recipe.problems import Place

Section = TypeVar("Section", bound=msgspec.Struct)

Text = Annotated[
    str,
    Meta(pattern=r"\A[^\0]{1,4096}\Z", description="1 to 4,096 characters, none of them NUL"),
]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one value must be: of a kind (`noun`), and within limits.

    `limits` returns what is wrong with a value of that kind, or None; `convert` makes a good value
    what a recipe keeps of it. Both are called only with values that passed `is_kind`.
    """

    noun: str
    is_kind: Callable[[object], bool]
    limits: Callable[[Any], str | None] = lambda _: None
    convert: Callable[[Any], Any] = lambda value: value

    def fault(self, value: object, alternative: str = "") -> str | None:
        """Return what is wrong with `value`, or None; `alternative` says what else may be there."""
        if not self.is_kind(value):
            return f"must be {self.noun}{alternative} (got {as_toml(value)})"
        problem = self.limits(value)
        return f"{problem} (got {as_toml(value)})" if problem else None


def number(low: float, high: float, *, open_low: bool = False, open_high: bool = False) -> Rule:
    """Return the rule for a finite number from `low` to `high`, without an open end."""
    excluded = []
    if open_low:
        excluded.append(f"{low:.10g}")
    if open_high:
        excluded.append(f"{high:.10g}")
    words = f"from {low:.10g} to {high:.10g}"
    if excluded:
        words += f", excluding {' and '.join(excluded)}"

    def limits(value: float) -> str | None:
        # NaN fails every comparison, so it is outside.
        above = low < value if open_low else low <= value
        below = value < high if open_high else value <= high
        return None if above and below else f"must be {words}"

    return Rule("a number", is_number, limits, as_float)


def integer(low: int, high: int) -> Rule:
    """Return the rule for an integer from `low` to `high`; neither 50.0 nor true is one."""

    def limits(value: int) -> str | None:
        return None if low <= value <= high else f"must be from {low} to {high}"

    return Rule("an integer", is_integer, limits)


def numbers(lengths: Collection[int], each: Rule, noun: str) -> Rule:
    """Return the rule for a list that has one of some lengths, and an `each` in every place."""

    def is_list(value: object) -> bool:
        if not isinstance(value, list) or len(value) not in lengths:
            return False
        return all(each.fault(item) is None for item in value)

    def convert(value: list[object]) -> list[object]:
        return [each.convert(item) for item in value]

    return Rule(noun, is_list, convert=convert)


def boolean() -> Rule:
    """Return the rule for true or false."""
    return Rule("true or false", lambda value: isinstance(value, bool))


def choice(*words: str | int) -> Rule:
    """Return the rule for one of a few words or integers."""
    # Python has 1 == True == 1.0; a recipe that says `true` where 1 is a choice is wrong.
    kinds = {(type(word), word) for word in words}

    def is_word(value: object) -> bool:
        return isinstance(value, str | int) and (type(value), value) in kinds

    return Rule(list_words([as_toml(word) for word in words]), is_word)


def text(pattern: str, words: str) -> Rule:
    """Return the rule for a string in which `pattern` is found; `words` say what that means."""
    compiled = re.compile(pattern)

    def limits(value: str) -> str | None:
        return None if compiled.search(value) else f"must be {words}"

    return Rule("a string", lambda value: isinstance(value, str), limits)


def is_number(value: object) -> TypeGuard[int | float]:
    """Check that a value is a number; Python counts booleans among them, a recipe does not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: object) -> bool:
    """Check that a value is an integer: no boolean, and no float that happens to be whole."""
    return isinstance(value, int) and not isinstance(value, bool)


def as_float(value: float) -> float:
    """Return a number as a float: 30 and 30.0, 0.0 and -0.0 give recipes of the same hash."""
    return float(value) + 0.0


def rule_for(hint: object) -> Rule:
    """Return the rule that the type of a field stands for.

    A union of several kinds needs a `Meta` with a description, which is what its message says.
    """
    kind = _without_none(hint)
    meta = Meta()
    if get_origin(kind) is Annotated:
        kind, meta = get_args(kind)
    if get_origin(kind) is Literal:
        return choice(*get_args(kind))
    if kind is bool:
        return boolean()
    if kind is int or kind is float:
        return _rule_for_number(kind, meta)
    words = meta.description or "something else"
    if kind is str:
        return text(meta.pattern or "", words)

    given = _without_none(hint)

    def is_valid(value: object) -> bool:
        try:
            msgspec.convert(value, given)
        except msgspec.ValidationError:
            return False
        return True

    def convert(value: object) -> object:
        return msgspec.convert(value, given)

    return Rule(words, is_valid, convert=convert)


def _rule_for_number(kind: type[int] | type[float], meta: Meta) -> Rule:
    low = meta.ge if meta.gt is None else meta.gt
    high = meta.le if meta.lt is None else meta.lt
    assert low is not None, "every number of a recipe has a least value"
    assert high is not None, "and a largest"
    if kind is int:
        return integer(int(low), int(high))
    return number(low, high, open_low=meta.gt is not None, open_high=meta.lt is not None)


def _without_none(hint: object) -> object:
    """Return the type that a field has where it is given: TOML has no null, and nothing unset."""
    if get_origin(hint) not in {Union, UnionType}:
        return hint
    kinds = [kind for kind in get_args(hint) if kind not in {NoneType, msgspec.UnsetType}]
    return kinds[0] if len(kinds) == 1 else hint


def read_section(kind: type[Section], table: object, place: Place) -> Section:
    """Read a table of a recipe into a struct, all of whose fields have defaults.

    What is wrong is added to the problems, and the default of the field takes its place.
    """
    if not isinstance(table, dict):
        place.add(f"must be a table (got {as_toml(table)})")
        return kind()
    place.add_unknown_keys(table, kind.__struct_fields__)
    return read_keys(kind, table, place)


def read_keys(kind: type[Section], table: Mapping[str, object], place: Place) -> Section:
    """Read those keys of a table that a struct has as fields; others are left alone."""
    good: dict[str, object] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if name not in table:
            continue
        inner = _without_none(hint)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            good[name] = read_section(inner, table[name], place.at(name))
            continue
        rule = rule_for(hint)
        fault = rule.fault(table[name])
        if fault:
            place.at(name).add(fault)
        else:
            good[name] = rule.convert(table[name])
    return kind(**good)
