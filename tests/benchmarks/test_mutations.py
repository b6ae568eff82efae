"""Mutants are the slips that they say they are, one at a time."""

from __future__ import annotations

import pytest

from benchmarks.mutations import mutants_of


def changed(text: str) -> set[str]:
    """Return the sources of all mutants of a text."""
    return {mutant.source for mutant in mutants_of(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a == b", {"a != b"}),
        ("a in b", {"a not in b"}),
        ("a + b", {"a - b"}),
        ("a += b", {"a -= b"}),
        ("-a", {"a"}),
        ("not a", {"a"}),
        ("a and b", {"a or b", "a", "b"}),
        ("f(True)", {"f(False)", "pass"}),
        ("x = 3", {"x = 4", "x = 2"}),
        ("x = 0.5", {"x = 1.5", "x = 0.75"}),
        ("x = sorted(y, key=z)", {"x = list(y)", "x = sorted(y)"}),
        ("x = min(y)", {"x = max(y)"}),
        ("x = f(y, group=g)", {"x = f(y)"}),
        ("x = [y for y in z if y]", {"x = [y for y in z]"}),
        ("with lock:\n    x", {"if True:\n    x"}),
        ("if a:\n    x", {"if True:\n    x", "if False:\n    x"}),
        ("def f():\n    return x", {"def f():\n    pass"}),
        ("check(x)", {"pass"}),
    ],
)
def test_changes(text: str, expected: set[str]) -> None:
    assert changed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x = 'text'",
        "x = 'a' + b",
        "x: int | None",
        "def f(x: int | None) -> str | None: ...",
        "if TYPE_CHECKING:\n    import x",
        "@dataclass(frozen=True)\nclass A: ...",
        "class A(Struct, frozen=True): ...",
        "assert x",
        "x = a < 3  # pragma: no mutate",
    ],
)
def test_left_alone(text: str) -> None:
    assert changed(text) == set()


def test_ranges_in_annotations_are_changed() -> None:
    assert changed("x: Annotated[int, Meta(ge=1)]") == {
        "x: Annotated[int, Meta()]",
        "x: Annotated[int, Meta(ge=2)]",
        "x: Annotated[int, Meta(ge=0)]",
    }


def test_one_change_at_a_time_and_where_it_is() -> None:
    mutants = list(mutants_of("a = 1\nb = a - c\n"))
    assert [(mutant.line, mutant.before, mutant.after) for mutant in mutants] == [
        (1, "1", "2"),
        (1, "1", "0"),
        (2, "a - c", "a + c"),
    ]
    assert mutants[-1].source == "a = 1\nb = a + c"
