"""What was declared: any config.json as rows, whatever version wrote it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer.report.declared import read_declared


def declare(folder: Path, config: object) -> tuple[tuple[str, str], ...]:
    """Write a config.json and return its rows."""
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return read_declared(folder)


def test_objects_are_laid_out_by_their_paths(tmp_path: Path) -> None:
    config = {
        "metric": "accuracy",
        "margin": 0.02,
        "folds": False,
        "seeds": [0, 1],
        "fit": {"lr": 0.001, "more": {"deep": None}},
        "arms": [{"name": "a"}, {"name": "ä"}],
        "empty": {},
        "mixed": [1, {"x": 2}],
        "names": ["ä"],
        "": {"": 3},
    }
    assert declare(tmp_path, config) == (
        ("metric", "accuracy"),
        ("margin", "0.02"),
        ("folds", "false"),
        ("seeds", "[0, 1]"),
        ("fit.lr", "0.001"),
        ("fit.more.deep", "null"),
        ("arms[0].name", "a"),
        ("arms[1].name", "ä"),
        ("empty", "{}"),
        ("mixed[0]", "1"),
        ("mixed[1].x", "2"),
        ("names", '["ä"]'),
        ("", "3"),
    )


def test_findings_of_guards_have_a_place_of_their_own(tmp_path: Path) -> None:
    config = {"guards": [{"name": "leak"}], "fit": {"guards": 1}}
    assert declare(tmp_path, config) == (("fit.guards", "1"),)


def test_long_values_and_many_rows_are_cut(tmp_path: Path) -> None:
    ((_, value),) = declare(tmp_path, {"it": "x" * 400})
    assert value == "x" * 300 + "…"
    assert declare(tmp_path, {"it": "x" * 300}) == (("it", "x" * 300),)
    rows = declare(tmp_path, {str(number): number for number in range(301)})
    assert rows[-1] == ("299", "299")


@pytest.mark.parametrize("content", [None, "", "[1]", "{", "[" * 100_000])
def test_what_cannot_be_read_declares_nothing(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    assert read_declared(tmp_path) == ()
