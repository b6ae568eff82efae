"""comparison.json: read and written as a type, every value checked, whoever wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from augbuild.errors import RunError
from tests.trainer.comparison.fixtures import FOLDS, LAB, SINGLE, STOPPED, Plan, change, comparison
from trainer.comparison.result import (
    ComparisonResult,
    StoppedResult,
    read_result,
    write_result,
)

SMALL = replace(LAB, seeds=3)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished comparison of three arms and three seeds."""
    return comparison(tmp_path_factory.mktemp("comparisons") / "lab", SMALL)


@pytest.fixture
def copy(tmp_path: Path, lab: Path) -> Path:
    """A folder with the comparison.json of `lab`."""
    (tmp_path / "comparison.json").write_bytes((lab / "comparison.json").read_bytes())
    return tmp_path


def measured(folder: Path) -> ComparisonResult:
    """Read the result of a comparison that no guard stopped."""
    result = read_result(folder)
    assert isinstance(result, ComparisonResult)
    return result


@pytest.mark.parametrize("plan", [SMALL, SINGLE, FOLDS, STOPPED])
def test_what_is_written_is_read(plan: Plan, tmp_path: Path) -> None:
    comparison(tmp_path, plan)
    written = (tmp_path / "comparison.json").read_bytes()
    write_result(tmp_path, read_result(tmp_path))
    assert (tmp_path / "comparison.json").read_bytes() == written


def test_json_has_its_keys_in_this_order(lab: Path) -> None:
    text = (lab / "comparison.json").read_text(encoding="utf-8")
    values = json.loads(text)
    assert text == json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    assert list(values) == [
        *("verdict", "metric", "margin", "classes", "seeds", "budget", "folds", "test"),
        *("arms", "contrasts", "runs", "guards", "notes", "methods"),
    ]
    assert list(values["test"]) == ["images", "majority", "per_class", "looks", "level"]
    assert list(values["arms"][0]) == [
        *("name", "manifest", "train_on", "images", "sources", "augmented", "steps"),
        *("seen", "constant_loss"),
        *("accuracy", "accuracy_95", "macro_f1", "log_loss", "confusion_matrix"),
    ]
    assert list(values["runs"][0]) == [
        *("id", "arm", "seed", "fold", "accuracy", "macro_f1", "log_loss", "balanced_accuracy")
    ]


def test_arms_and_runs_are_found_by_name(lab: Path) -> None:
    result = measured(lab)
    assert result.arm("augmented").name == "augmented"
    assert [run.id for run in result.runs_of("augmented")] == [
        f"augmented-seed{seed}" for seed in range(3)
    ]


def test_a_stopped_comparison_has_no_numbers(tmp_path: Path) -> None:
    result = read_result(comparison(tmp_path, STOPPED))
    assert isinstance(result, StoppedResult)
    assert result.verdict.outcome == "INVALID"
    assert result.verdict.sentence == result.contrasts[0].sentence
    values = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert list(values["contrasts"][0]) == [
        *("treatment", "baseline", "outcome", "sentence", "next_step")
    ]
    assert list(values["arms"][0]) == [
        *("name", "manifest", "train_on", "images", "sources", "augmented", "steps"),
        *("seen", "constant_loss"),
    ]
    assert (values["runs"], values["test"]["looks"]) == ([], 0)


def without(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Remove what lies at a path."""

    def edit(values: Any) -> None:
        for key in path[:-1]:
            values = values[key]
        del values[path[-1]]

    return edit


def put(value: Any, *path: Any) -> Callable[[dict[str, Any]], None]:
    """Put a value at a path."""

    def edit(values: Any) -> None:
        for key in path[:-1]:
            values = values[key]
        values[path[-1]] = value

    return edit


WRONG: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "no verdict": (without("verdict"), "lacks 'verdict'"),
    "no sentence": (without("verdict", "sentence"), "verdict lacks 'sentence'"),
    "outcome": (put("WONDERFUL", "verdict", "outcome"), 'verdict.outcome cannot be "WONDERFUL"'),
    "metric": (put("AUC", "metric"), 'metric cannot be "AUC"'),
    "margin": (put("2", "margin"), 'margin must be a number (got "2")'),
    "large margin": (put(1.1, "margin"), "margin must be a number <= 1.0 (got 1.1)"),
    "huge": (put(10**400, "margin"), "margin: number out of range"),
    "classes": (put([], "classes"), "classes must be a list of length >= 1 (got [])"),
    "class": (put([1, 2], "classes"), "classes[0] must be a text (got 1)"),
    "arms": (put({}, "arms"), "arms must be a list (got {})"),
    "arm": (put([3], "arms"), "arms[0] must be an object (got 3)"),
    "train on": (put("all", "arms", 0, "train_on"), 'arms[0].train_on cannot be "all"'),
    "seeds": (put([True], "seeds"), "seeds[0] must be a whole number (got true)"),
    "folds": (put(0, "folds"), "folds must be a whole number >= 1 (got 0)"),
    "matrix": (
        put([[1]], "arms", 0, "confusion_matrix"),
        "arms[0].confusion_matrix must be 2 rows of 2 counts",
    ),
    "ragged": (
        put([[1, 2], [3]], "arms", 1, "confusion_matrix"),
        "arms[1].confusion_matrix must be 2 rows of 2 counts",
    ),
    "rows": (
        put([[1, 2], [3, 4], [5, 6]], "arms", 1, "confusion_matrix"),
        "arms[1].confusion_matrix must be 2 rows of 2 counts",
    ),
    "counts": (
        put([[1, -1], [0, 2]], "arms", 0, "confusion_matrix"),
        "arms[0].confusion_matrix[0][1] must be a whole number >= 0 (got -1)",
    ),
    "interval": (
        put([0.1], "arms", 0, "accuracy_95"),
        "arms[0].accuracy_95 must be a list of length 2 (got [0.1])",
    ),
    "no budget": (put(0, "budget", "number"), "budget.number must be a whole number >= 1"),
    "treatment": (
        put("nobody", "contrasts", 0, "treatment"),
        "contrasts[0].treatment must be one of the arms (got 'nobody')",
    ),
    "baseline": (
        put("nobody", "contrasts", 1, "baseline"),
        "contrasts[1].baseline must be one of the arms (got 'nobody')",
    ),
    "by seed": (
        put([0.1], "contrasts", 0, "by_seed"),
        "contrasts[0].by_seed must be 3 numbers, one for each seed",
    ),
    "disagree": (put(7, "contrasts", 0, "disagree"), "contrasts[0].disagree must be a number"),
    "large": (put(1e300, "contrasts", 0, "delta"), "contrasts[0].delta must be a number"),
    "variance": (put(-1, "contrasts", 0, "components", "seed"), "contrasts[0].components.seed"),
    "details": (
        without("contrasts", 0, "details", 1, "delta"),
        "contrasts[0].details[1] lacks 'delta'",
    ),
    "run": (
        put("../../etc", "runs", 0, "id"),
        "runs[0]: id must be the name of a run's folder (got '../../etc')",
    ),
    "dots": (put("..", "runs", 0, "id"), "runs[0]: id must be the name of a run's folder"),
    "hidden": (put(".x", "runs", 0, "id"), "runs[0]: id must be the name of a run's folder"),
    "line end": (put("x\n", "runs", 0, "id"), "runs[0]: id must be the name of a run's folder"),
    "long": (put("x" * 201, "runs", 0, "id"), "runs[0]: id must be the name of a run's folder"),
    "run's arm": (put("nobody", "runs", 2, "arm"), "runs[2].arm must be one of the arms"),
    "accuracy": (put(1.5, "runs", 0, "accuracy"), "runs[0].accuracy must be a number <= 1.0"),
    "guard": (
        put([{"name": "leak", "count": 0, "findings": [], "overridden": 1}], "guards"),
        "guards[0].overridden must be true or false (got 1)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value_is_one_sentence_that_names_it(case: str, copy: Path) -> None:
    edit, message = WRONG[case]
    change(copy, edit)
    with pytest.raises(RunError, match=re.escape(message)) as caught:
        read_result(copy)
    assert str(caught.value).startswith(f"{copy / 'comparison.json'}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put("nobody", "contrasts", 0, "baseline"), "contrasts[0].baseline must be one of"),
        (put([], "contrasts"), "contrasts must be a list of length >= 1"),
        (put([], "arms"), "arms must be a list of length >= 1"),
        (
            put([{"id": "a", "arm": "a", "seed": 0, "fold": None, "accuracy": 0.5,
                  "macro_f1": 0.5, "log_loss": 1}], "runs"),
            "arms[0] lacks 'accuracy'",  # with runs it is a comparison that was measured
        ),
    ],
)  # fmt: skip
def test_a_stopped_comparison_is_checked_too(
    edit: Callable[[dict[str, Any]], None], message: str, tmp_path: Path
) -> None:
    comparison(tmp_path, STOPPED)
    change(tmp_path, edit)
    with pytest.raises(RunError, match=re.escape(message)):
        read_result(tmp_path)


@pytest.mark.parametrize("name", ["a", "original+augmented-fold3-seed12", "x" * 200, "_-+", "a.b"])
def test_names_of_run_folders(name: str, copy: Path) -> None:
    change(copy, put(name, "runs", 0, "id"))
    assert measured(copy).runs[0].id == name


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "[" * 100_000, '{"verdict": ' * 5000, "\ud800", b"\xff", '{"a": NaN}'],
)
def test_what_is_no_comparison_is_one_sentence(content: str | bytes, tmp_path: Path) -> None:
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    (tmp_path / "comparison.json").write_bytes(raw)
    with pytest.raises(RunError, match=r"comparison\.json"):
        read_result(tmp_path)


def test_a_folder_without_a_comparison_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a finished comparison of trainer"):
        read_result(tmp_path)
