"""The images that flipped: counted over runs and ranked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from augbuild.errors import RunError
from tests.trainer.fixtures import run_config
from trainer.figures.flipped import HitCount
from trainer.report.flips import count_hits, find_flips
from trainer.training.predictions import PredictionTable, write_predictions
from trainer.training.run import RunFolder, write_run_config


def run(
    root: Path, right: dict[str, bool], classes: tuple[str, str] = ("cats", "dogs")
) -> RunFolder:
    """Write a run that is right or wrong on images that are all cats."""
    folder = RunFolder(root)
    write_run_config(folder, run_config(classes))
    cats = classes.index("cats")
    rows = [[0.9, 0.1] if (cats == 0) == each else [0.1, 0.9] for each in right.values()]
    table = PredictionTable(tuple(right), ("cats",) * len(right), classes, np.array(rows))
    write_predictions(folder.predictions, table)
    return folder


def test_runs_are_counted_by_image_whatever_the_order_of_their_classes(tmp_path: Path) -> None:
    runs = [
        run(tmp_path / "0", {"a": True, "b": False}),
        run(tmp_path / "1", {"b": False, "a": True}, classes=("dogs", "cats")),
        run(tmp_path / "2", {"a": False}),
    ]
    assert count_hits(runs) == {"a": HitCount("cats", 3, 2), "b": HitCount("cats", 2, 0)}


def test_predictions_of_other_classes_are_an_error(tmp_path: Path) -> None:
    folder = run(tmp_path, {"a": True})
    write_run_config(folder, run_config(("cats", "dogs", "hens")))
    with pytest.raises(RunError, match=r"predictions\.csv does not go with .*config\.json"):
        count_hits([folder])


def counts(right: dict[str, int]) -> dict[str, HitCount]:
    """Return how many of ten runs are right on each image."""
    return {name: HitCount("cats", 10, number) for name, number in right.items()}


def test_flips_are_ranked_by_how_many_runs_changed_and_none_that_did_not_is_shown() -> None:
    baseline = counts({"z": 0, "a": 2, "b": 1, "c": 5, "d": 5, "e": 3})
    treatment = counts({"z": 1, "a": 9, "b": 0, "c": 5, "d": 0, "x": 3})
    flips = find_flips(baseline, treatment)
    assert [(flip.name, round(flip.change, 3)) for flip in flips] == [
        ("a", 0.7),
        ("d", -0.5),
        ("b", -0.1),
        ("z", 0.1),
    ]


def test_no_more_than_six_flips_are_shown() -> None:
    names = [str(number) for number in range(20)]
    flips = find_flips(counts(dict.fromkeys(names, 0)), counts(dict.fromkeys(names, 10)))
    assert [flip.name for flip in flips] == sorted(names)[:6]
