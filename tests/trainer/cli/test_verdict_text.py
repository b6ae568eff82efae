"""The result of a comparison in a terminal: a table, verdicts that are wrapped, what to do next."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainer.comparison.fixtures import LAB, SINGLE, Plan, comparison, comparison_config
from trainer.cli.verdict_text import as_text
from trainer.comparison.judge import stopped_result
from trainer.comparison.result import ComparisonResult, read_result

SMALL = replace(LAB, seeds=3)


def measured(folder: Path, plan: Plan) -> ComparisonResult:
    result = read_result(comparison(folder, plan))
    assert isinstance(result, ComparisonResult)
    return result


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> ComparisonResult:
    """A finished comparison of three arms and three seeds."""
    return measured(tmp_path_factory.mktemp("comparisons") / "lab", SMALL)


def plan_with(*guards: tuple[str, bool]) -> Plan:
    """Plan a comparison with guards that found one thing each."""
    rows = []
    for name, overridden in guards:
        rows.append({"name": name, "count": 1, "findings": ["one"], "overridden": overridden})
    return replace(SINGLE, guards=rows)


def test_has_a_row_for_each_arm_and_each_verdict_once(lab: ComparisonResult) -> None:
    noted = replace_notes(lab, ("a note",))
    table, *verdicts = as_text(noted, width=10_000).split("\n\n")
    head, *rows = table.splitlines()
    assert head.split() == ["arm", "accuracy", "95", "%", "macro", "F1", "log-loss", "images",
                            "steps"]  # fmt: skip
    assert [row.split()[0] for row in rows] == list(SMALL.skills)
    arm = lab.arms[1]
    assert rows[1].split()[1:] == [
        f"{arm.accuracy:.4f}",
        f"{arm.accuracy_95[0]:.3f}–{arm.accuracy_95[1]:.3f}",
        f"{arm.macro_f1:.4f}",
        f"{arm.log_loss:.4f}",
        "336",
        "110",
    ]
    assert len({len(row) for row in rows}) == 1, "columns are aligned"
    expected = [f"{each.sentence}\nNext: {each.next_step}" for each in lab.contrasts]
    assert verdicts == [*expected, "a note"]


def replace_notes(result: ComparisonResult, notes: tuple[str, ...]) -> ComparisonResult:
    from msgspec import structs

    return structs.replace(result, notes=notes)


def test_sixty_columns_are_enough(lab: ComparisonResult) -> None:
    text = as_text(replace_notes(lab, ("word " * 40,)), width=60)
    assert max(len(line) for line in text.splitlines()) <= 60
    assert textwrap.fill(lab.verdict.sentence, 60) in text
    head = text.splitlines()[0]
    assert head.split() == ["arm", "accuracy", "95", "%"]


def test_a_stopped_comparison_says_how_to_go_on() -> None:
    config = comparison_config(plan_with(("leak", False), ("classes", True)))
    text = as_text(stopped_result(config), width=10_000)
    assert text.split("\n\n")[1] == (
        "The guard leak found:\n  one\nTo go on, remove them from one side, or split again: "
        "`ignore_existing = true` in a recipe keeps such images together; "
        "or use --override leak --resume."
    )
    assert "classes" not in text
    assert "accuracy " not in text


@pytest.mark.parametrize("guard", ["leak", "exposure", "test-set", "classes"])
def test_each_guard_has_a_remedy(guard: str) -> None:
    text = as_text(stopped_result(comparison_config(plan_with((guard, False)))), width=10_000)
    assert f"or use --override {guard} --resume." in text
    assert "remove the cause" not in text


def test_overridden_guards_are_not_repeated(tmp_path: Path) -> None:
    assert "The guard" not in as_text(measured(tmp_path, plan_with(("leak", True))))
