"""Steps: walked, written, denied, and removed."""

from __future__ import annotations

import pytest

from augbuild.recipe.steps import (
    PickStep,
    Step,
    TransformStep,
    is_allowed,
    remove_step,
    walk_steps,
)
from augbuild.recipe.values import Distribution


def step(op: str) -> TransformStep:
    return TransformStep(op, {}, 1.0, 1.0, f"{op}#0")


def pick(*entries: Step, count: int = 1, replace: bool = False) -> PickStep:
    return PickStep(count, entries, replace, 0.5, 2.0, "some_of#0")


def test_steps_are_walked_in_document_order() -> None:
    inner = pick(step("c"))
    outer = pick(step("b"), inner)
    found = list(walk_steps([step("a"), outer, step("d")]))
    assert found == [step("a"), outer, step("b"), inner, step("c"), step("d")]


def test_written_as_a_recipe_would() -> None:
    values = {"degrees": Distribution("uniform", (-3.0, 3.0)), "fill": None}
    turn = TransformStep("turn", values, 0.5, 2.0, "turn#0")
    written = {
        "op": "turn",
        "p": 0.5,
        "weight": 2.0,
        "degrees": {"uniform": [-3.0, 3.0]},
        "fill": None,
    }
    assert list(turn.to_json().items()) == list(written.items())
    assert list(pick(turn, count=3, replace=True).to_json().items()) == [
        ("some_of", 3),
        ("replace", True),
        ("p", 0.5),
        ("weight", 2.0),
        ("from", [written]),
    ]


def test_a_transform_is_removed_wherever_it_is() -> None:
    steps = (step("a"), pick(step("a"), step("b")), step("c"))
    assert remove_step(steps, "a#0") == (pick(step("b")), step("c"))
    assert remove_step(steps, "b#0") == (step("a"), pick(step("a")), step("c"))
    assert remove_step(steps, "none#0") == steps
    assert remove_step(steps, "some_of#0") == steps  # a pick is not a transform


def test_a_pick_without_entries_is_removed() -> None:
    assert remove_step((pick(step("a")), step("b")), "a#0") == (step("b"),)
    assert remove_step((pick(pick(step("a"))),), "a#0") == ()


@pytest.mark.parametrize(
    ("count", "replace", "left"), [(1, False, 1), (2, False, 2), (3, False, 2), (3, True, 3)]
)
def test_a_pick_then_picks_what_there_is(count: int, replace: bool, left: int) -> None:
    before = pick(step("a"), step("b"), step("c"), count=count, replace=replace)
    (after,) = remove_step((before,), "a#0")
    assert after == pick(step("b"), step("c"), count=left, replace=replace)


def test_a_pick_is_allowed_while_one_of_its_entries_is() -> None:
    both = pick(step("a"), pick(step("b")))
    assert is_allowed(step("a"), {"b"})
    assert not is_allowed(step("a"), {"a"})
    assert is_allowed(both, {"a"})
    assert is_allowed(both, {"b"})
    assert not is_allowed(both, {"a", "b"})
