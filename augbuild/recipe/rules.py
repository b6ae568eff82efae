"""What the tables of a recipe may hold: one rule per key, and one collector for all that breaks them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from augbuild.core.text import as_toml, join_key, list_words, nearest
from augbuild.errors import RecipeError

_SHOWN_PROBLEMS = 50


class Problems:
    """Everything that is wrong with one recipe, so that all of it is said at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0
        self._lines: list[str] = []

    def add(self, path: str, message: str) -> None:
        """Note that the value at `path` is wrong; a hostile recipe cannot make the list long."""
        self.count += 1
        if self.count <= _SHOWN_PROBLEMS:
            self._lines.append(f"{self.file}: {path} {message}")

    def add_unknown_keys(
        self, path: str, table: Mapping[str, object], known: Collection[str]
    ) -> None:
        """Note each key of `table` that is not a `known` one, with the nearest that is."""
        for key in table:
            if key not in known:
                self.add(join_key(path, key), f"is unknown; {self.suggest(key, known)}")

    def suggest(self, word: str, known: Collection[str]) -> str:
        """Say which known word was probably meant, else which there are."""
        if self.count < _SHOWN_PROBLEMS:  # difflib is slow, and nobody would read the answer
            near = nearest(word, known)
            if near:
                return f'did you mean "{near}"?'
        return f"known: {', '.join(sorted(known))}"

    def raise_if_any(self) -> None:
        """Raise RecipeError with a line for each problem."""
        if not self.count:
            return
        hidden = self.count - len(self._lines)
        more = [f"{self.file}: and {hidden:,} more problems"] if hidden else []
        raise RecipeError("\n".join(self._lines + more))


@dataclass(frozen=True, slots=True)
class Rule:
    """What one value must be: a kind (`noun`), within limits."""

    noun: str
    is_kind: Callable[[Any], bool]
    limits: str = ""
    is_within: Callable[[Any], bool] = lambda _: True
    convert: Callable[[Any], Any] = lambda value: value

    def fault(self, value: object, alternative: str = "") -> str | None:
        """Say what is wrong with `value`, or None."""
        if not self.is_kind(value):
            return f"must be {self.noun}{alternative} (got {as_toml(value)})"
        return None if self.is_within(value) else f"must be {self.limits} (got {as_toml(value)})"


def number(low: float, high: float, *, open_low: bool = False, open_high: bool = False) -> Rule:
    """Accept a finite integer or float from `low` to `high`, an open end not included; kept as a float."""

    def is_within(value: float) -> bool:  # nan fails every comparison
        return (low < value if open_low else low <= value) and (
            value < high if open_high else value <= high
        )

    limits = f"from {low:.10g} to {high:.10g}"
    excluded = " and ".join(
        f"{end:.10g}" for end, is_open in ((low, open_low), (high, open_high)) if is_open
    )
    limits = f"{limits}, {excluded} excluded" if excluded else limits
    return Rule(
        "a number", is_number, limits, is_within, lambda value: float(value) + 0.0
    )  # -0.0 is a plain zero


def numbers(
    least: int, most: int, each: Rule, limits: str, *, lengths: Collection[int] = ()
) -> Rule:
    """Accept a list of `least` to `most` values (or one of `lengths`) that each obey a rule; kept as a list."""

    def is_kind(value: Any) -> bool:
        right_length = isinstance(value, list) and least <= len(value) <= most
        return (
            right_length
            and (not lengths or len(value) in lengths)
            and not any(map(each.fault, value))
        )

    return Rule(limits, is_kind, convert=lambda value: [each.convert(item) for item in value])


def integer(low: int, high: int) -> Rule:
    """Accept an integer in [low, high]; neither 50.0 nor true is one."""
    return Rule(
        "an integer", is_integer, f"from {low} to {high}", lambda value: low <= value <= high
    )


def boolean() -> Rule:
    """Accept true or false."""
    return Rule("true or false", lambda value: isinstance(value, bool))


def choice(*words: str | int) -> Rule:
    """Accept one of a few words or integers."""
    kinds = {(type(word), word) for word in words}  # 1 == True == 1.0 in a plain set
    return Rule(
        list_words([as_toml(word) for word in words]),
        lambda v: isinstance(v, str | int) and (type(v), v) in kinds,
    )


def text(
    limits: str = "1 to 4,096 characters, none of them NUL", pattern: str = r"[^\0]{1,4096}"
) -> Rule:
    """Accept a string that matches `pattern` from end to end; `limits` says so in words."""
    compiled = re.compile(pattern, re.DOTALL)
    return Rule(
        "a string",
        lambda v: isinstance(v, str),
        limits,
        lambda v: compiled.fullmatch(v) is not None,
    )


def is_number(value: object) -> bool:
    """Tell numbers from the booleans that Python counts among them."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: object) -> bool:
    """Tell integers from booleans, and from floats that happen to be whole."""
    return isinstance(value, int) and not isinstance(value, bool)


def read_fields(spec: type, table: object, path: str, problems: Problems) -> dict[str, Any]:
    """Check a table against a dataclass of `name: Annotated[type, Rule] = default` fields; return the good values.

    Fields without a rule are left to the caller, but their keys are known.
    """
    if not isinstance(table, dict):
        problems.add(path, f"must be a table (got {as_toml(table)})")
        return {}
    hints = get_type_hints(spec, include_extras=True)
    problems.add_unknown_keys(path, table, hints)
    good = {}
    for name, hint in hints.items():
        rules = _rules_of(hint)
        if not rules or name not in table:
            continue
        if fault := rules[0].fault(table[name]):
            problems.add(join_key(path, name), fault)
        else:
            good[name] = rules[0].convert(table[name])
    return good


def _rules_of(hint: object) -> list[Rule]:
    """Find the rules in a field's type; that of `Annotated[int, rule] | None` is in the union's first part."""
    parts = [hint, *get_args(hint)]
    marks = [mark for part in parts for mark in getattr(part, "__metadata__", ())]
    return [mark for mark in marks if isinstance(mark, Rule)]
