"""Values: what they can come out as, and how a recipe writes them."""

from __future__ import annotations

import pytest

from augbuild.catalogue.transforms import JsonValue
from augbuild.recipe.values import (
    DISTRIBUTION_KINDS,
    Distribution,
    Value,
    bounds,
    is_always,
    possible_values,
)

NORMAL = Distribution("normal", (3.0, 1.0), (0.0, 9.0))
CONSTANT = Distribution("normal", (3.0, 0.0), (0.0, 9.0))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Distribution("uniform", (1.0, 2.0)), {"uniform": [1.0, 2.0]}),
        (Distribution("choice", ("a", None, [1])), {"choice": ["a", None, [1]]}),
        (NORMAL, {"normal": [3.0, 1.0], "clip": [0.0, 9.0]}),
    ],
)
def test_written_as_a_recipe_would(value: Distribution, written: dict[str, object]) -> None:
    assert value.to_json() == written
    assert next(iter(written)) in DISTRIBUTION_KINDS


@pytest.mark.parametrize(
    ("value", "possible"),
    [
        (3, (3,)),
        (None, (None,)),
        ([1, 2], ([1, 2],)),
        (Distribution("choice", (1, 2)), (1, 2)),
        (Distribution("uniform", (1.0, 2.0)), None),
        (Distribution("uniform", (2.0, 2.0)), (2.0,)),
        (Distribution("log_uniform", (1.0, 2.0)), None),
        (Distribution("integers", (1, 2)), None),
        (Distribution("integers", (2, 2)), (2,)),
        (NORMAL, None),
        (CONSTANT, (3.0,)),
        (Distribution("normal", (1.0, 1.0)), None),  # equal numbers, but no range
    ],
)
def test_what_a_value_can_come_out_as(value: Value, possible: object) -> None:
    assert possible_values(value) == possible


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        (3, (3, 3)),
        (None, None),
        ("a", None),
        (Distribution("uniform", (1.0, 2.0)), (1.0, 2.0)),
        (Distribution("choice", (5, -1, 3)), (-1, 5)),
        (Distribution("choice", (5, "a")), None),
        (NORMAL, (0.0, 9.0)),
    ],
)
def test_the_least_and_the_largest(value: Value, ends: object) -> None:
    assert bounds(value) == ends


@pytest.mark.parametrize(
    ("values", "wanted", "expected"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1.0}, {"a": 1}, True),
        ({"a": 2}, {"a": 1}, False),
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
        ({"a": 2, "b": 3}, {"a": 1, "b": 3}, False),
        ({"a": Distribution("choice", (1, 1.0))}, {"a": 1}, True),
        ({"a": Distribution("choice", (1, 2))}, {"a": 1}, False),
        ({"a": Distribution("uniform", (1.0, 2.0))}, {"a": 1}, False),
        ({"a": Distribution("uniform", (1.0, 1.0))}, {"a": 1}, True),
        ({"a": None}, {"a": None}, True),
    ],
)
def test_parameters_that_can_only_come_out_so(
    values: dict[str, Value], wanted: dict[str, JsonValue], expected: bool
) -> None:
    assert is_always(values, wanted) is expected
