"""Rules: what values pass, in which words others do not, and the rule that a type stands for."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from augbuild.errors import RecipeError
from augbuild.recipe.problems import Place, Problems
from augbuild.recipe.rules import (
    Rule,
    Text,
    boolean,
    choice,
    integer,
    number,
    numbers,
    read_keys,
    read_section,
    rule_for,
    text,
)

HUGE = 10**400

CASES = [
    (number(0, 1), [0, 1, 0.0, 0.5], [-1e-9, 1.1, math.nan, math.inf, HUGE]),
    (number(0, 1, open_low=True), [5e-324, 1], [0, -0.0]),
    (number(0, 1, open_high=True), [0, 0.999], [1, 1.0]),
    (integer(1, 5), [1, 5], [0, 6, HUGE, -HUGE]),
    (text(r"\Aa+\Z", "a few a"), ["a", "aaa"], ["", "b", "a\n", "ba"]),
]
NOT_OF_THE_KIND = [
    (number(0, 1), [True, False, "1", None, [1], {}]),
    (integer(1, 5), [1.0, True, "1", None, [1]]),
    (boolean(), [0, 1, "true", None, 1.0]),
    (choice("a", 1), ["b", True, 1.0, None, ["a"]]),
    (choice(0, 1), [False, 0.0, 2]),
    (text(".", "anything"), [1, None, ["a"], True]),
    (numbers({3}, integer(0, 255), "three"), [[0, 0], [0] * 4, [0, 0, 256], [0, 0, 1.0], "red", 3]),
    (numbers({1, 4}, number(0, 1), "numbers"), [[], [0, 0], [math.nan], (0,)]),
]


@pytest.mark.parametrize(("rule", "good", "bad"), CASES)
def test_limits(rule: Rule, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if rule.fault(value)] == []
    for value in bad:
        assert rule.is_kind(value)
        fault = rule.fault(value)
        assert fault is not None
        assert fault.startswith("must be ")
        assert "(got " in fault


@pytest.mark.parametrize(("rule", "bad"), NOT_OF_THE_KIND)
def test_kinds(rule: Rule, bad: list[object]) -> None:
    for value in bad:
        assert rule.fault(value, " or a draw") is not None
        assert f"must be {rule.noun} or a draw (got " in str(rule.fault(value, " or a draw"))


def test_good_values_of_the_other_kinds() -> None:
    assert boolean().fault(True) is None
    assert choice("a", 1).fault("a") is None
    assert choice("a", 1).fault(1) is None
    assert numbers({3}, integer(0, 255), "three").fault([0, 255, 3]) is None


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        (number(0, 1), 2, "must be from 0 to 1 (got 2)"),
        (number(0, 1, open_low=True), 0, "must be from 0 to 1, excluding 0 (got 0)"),
        (number(0, 1, open_high=True), 1, "must be from 0 to 1, excluding 1 (got 1)"),
        (
            number(0, 1e6, open_low=True, open_high=True),
            0,
            "must be from 0 to 1000000, excluding 0 and 1000000 (got 0)",
        ),
        (number(0, 1), "a", 'must be a number (got "a")'),
        (integer(1, 5), 6, "must be from 1 to 5 (got 6)"),
        (integer(1, 5), 1.5, "must be an integer (got 1.5)"),
        (boolean(), 1, "must be true or false (got 1)"),
        (choice("a", "b", 3), 4, 'must be "a", "b" or 3 (got 4)'),
        (text("b", "with a b"), "a", 'must be with a b (got "a")'),
        (text("b", "with a b"), 1, "must be a string (got 1)"),
        (numbers({2}, integer(0, 1), "two bits"), [0, 2], "must be two bits (got [0, 2])"),
    ],
)
def test_words(rule: Rule, value: object, message: str) -> None:
    assert rule.fault(value) == message


def test_numbers_are_kept_as_floats_and_zero_has_no_sign() -> None:
    kept = number(-1, 1).convert(-0.0)
    assert math.copysign(1, kept) == 1
    assert isinstance(number(0, 1).convert(1), float)
    assert numbers({2}, number(0, 1), "two").convert([0, 1]) == [0.0, 1.0]
    assert isinstance(integer(0, 1).convert(1), int)


@pytest.mark.parametrize(
    ("hint", "noun", "good", "bad"),
    [
        (Annotated[int, Meta(ge=2, le=9)], "an integer", [2, 9], [1, 10, 2.0]),
        (Annotated[int, Meta(ge=2, le=9)] | None, "an integer", [2, 9], [1, 10, None]),
        (Annotated[float, Meta(ge=0, le=1)], "a number", [0, 1], [-0.1, 1.1]),
        (Annotated[float, Meta(gt=0, lt=1)], "a number", [0.1], [0, 1]),
        (Annotated[float, Meta(ge=0, lt=1)], "a number", [0], [1]),
        (bool, "true or false", [True], [1]),
        (Literal["a", 1], '"a" or 1', ["a", 1], ["b", True]),
        (Text, "a string", ["a", "\n", "x" * 4096], ["", "x" * 4097, "a\0"]),
    ],
)
def test_a_type_stands_for_a_rule(
    hint: object, noun: str, good: list[object], bad: list[object]
) -> None:
    rule = rule_for(hint)
    assert rule.noun == noun
    assert [value for value in good if rule.fault(value)] == []
    assert [value for value in bad if rule.fault(value) is None] == []


def test_a_union_is_described_in_its_own_words() -> None:
    hint = Annotated[
        Annotated[int, Meta(ge=1)] | Annotated[str, Meta(pattern="^max$")],
        Meta(description='a count or "max"'),
    ]
    rule = rule_for(hint)
    assert rule.fault(1) is None
    assert rule.fault("max") is None
    for value in (0, True, 1.0, "min", None):
        assert str(rule.fault(value)).startswith('must be a count or "max" (got ')


class Inner(msgspec.Struct, frozen=True):
    size: Annotated[int, Meta(ge=1, le=9)] = 3


class Outer(msgspec.Struct, frozen=True):
    share: Annotated[float, Meta(ge=0, lt=1)] = 0.5
    flag: bool = False
    inner: Inner | None = None


def read(table: object) -> tuple[Outer, list[str]]:
    problems = Problems("x")
    outer = read_section(Outer, table, Place("outer", problems))
    try:
        problems.raise_if_any()
    except RecipeError as error:
        return outer, str(error).split("\n")
    return outer, []


def test_a_table_becomes_a_struct_with_defaults() -> None:
    assert read({}) == (Outer(), [])
    assert read({"share": 0, "inner": {}}) == (Outer(share=0.0, inner=Inner()), [])
    assert read({"flag": True, "inner": {"size": 9}}) == (Outer(flag=True, inner=Inner(9)), [])


def test_defaults_stand_for_what_is_wrong_and_all_of_it_is_reported() -> None:
    outer, lines = read({"shere": 1, "share": 1, "flag": 0, "inner": {"size": 0, "sise": 1}})
    assert outer == Outer(inner=Inner())
    assert lines == [
        'x: outer.shere is an unknown key; did you mean "share"?',
        "x: outer.share must be from 0 to 1, excluding 1 (got 1)",
        "x: outer.flag must be true or false (got 0)",
        'x: outer.inner.sise is an unknown key; did you mean "size"?',
        "x: outer.inner.size must be from 1 to 9 (got 0)",
    ]


@pytest.mark.parametrize("table", [3, "a", [], None])
def test_what_is_not_a_table_is_the_default(table: object) -> None:
    outer, lines = read(table)
    assert outer == Outer()
    assert len(lines) == 1
    assert "outer must be a table (got " in lines[0]
    assert read({"inner": table})[0] == Outer(inner=Inner())


def test_keys_of_others_are_left_alone() -> None:
    problems = Problems("x")
    assert read_keys(Inner, {"size": 2, "op": "blur"}, Place("", problems)) == Inner(2)
    assert problems.count == 0


@given(st.floats() | st.integers() | st.text() | st.booleans() | st.none())
def test_a_type_and_its_rule_accept_the_same(value: object) -> None:
    for hint in (Annotated[int, Meta(ge=-3, le=9)], Annotated[float, Meta(ge=0, lt=1)], Text):
        try:
            msgspec.convert(value, hint)
            accepted = True
        except msgspec.ValidationError:
            accepted = False
        assert (rule_for(hint).fault(value) is None) == accepted
