"""The figures count what they say they count."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import LIMITS, Measurement, measure, within

MODULE = '''"""A module."""

# why: a comment
import math


def area(radius, options: dict[str, Any]):
    """Give the area."""
    return math.pi * _square(radius)  # and another


def _square(number):
    """Return the square."""
    return [[x * y for x in (1, 2)] for y in (number,)]


def sign(n):
    return 1 if n > 0 else (-1 if n < 0 else 0)
'''


@pytest.fixture
def measured(tmp_path: Path) -> Measurement:
    """Measure the module above, in a folder with one more."""
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "shapes.py").write_text(MODULE)
    return measure(tmp_path)


def test_lines_are_those_of_code(measured: Measurement) -> None:
    assert measured.lines == 7
    assert measured.comments == 2


def test_what_is_counted_is_named_with_its_place(measured: Measurement, tmp_path: Path) -> None:
    file = tmp_path / "shapes.py"
    assert measured.called_once == [f"{file}:12 _square"]
    assert measured.odd_docstrings == [f"{file}:7 area: Give the area."]
    assert measured.untyped == [f"{file}:7 area"]
    assert measured.nested_comprehensions == [f"{file}:14"]
    assert measured.nested_conditionals == [f"{file}:18"]
    assert measured.functions[0] == (3, f"{file}:7 area")


def test_figures_have_the_names_of_their_limits(measured: Measurement) -> None:
    figures = measured.figures()
    assert figures.keys() == LIMITS.keys()
    assert figures["modules in the fullest folder"] == 1
    assert figures["comprehensions per 1,000 lines"] == pytest.approx(2000 / 7)
    assert figures["private functions called once, %"] == pytest.approx(100 / 3)
    assert figures["comments per 100 lines"] == pytest.approx(200 / 7)
    assert figures["lines of the longest function"] == 3


def test_nothing_measured_has_figures() -> None:
    assert Measurement().figures()["syntax nodes per line"] == 0


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        (8.5, "below 8.5", False),
        (8.49, "below 8.5", True),
        (31, "at most 31", True),
        (31.1, "at most 31", False),
        (3.4, "at least 3.4", True),
        (3.39, "at least 3.4", False),
    ],
)
def test_limits(value: float, limit: str, expected: bool) -> None:
    assert within(value, limit) is expected
