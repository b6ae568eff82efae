"""The images that flipped: counted, ranked, and put beside what is like them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from augbuild.errors import RunError
from tests.conftest import photo
from tests.trainer.fixtures import run_config
from trainer.data.samples import Sample
from trainer.figures.flipped import Flip, HitCount
from trainer.report.flips import MOST_SEARCHED, count_hits, find_flips, picture_flips
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


def test_flips_are_ranked_by_how_many_runs_changed_and_none_that_did_not_is_shown() -> None:
    baseline = {
        name: HitCount("cats", 10, right)
        for name, right in {"a": 2, "b": 9, "c": 5, "d": 5, "e": 3}.items()
    }
    treatment = {
        name: HitCount("cats", 10, right)
        for name, right in {"a": 9, "b": 8, "c": 5, "d": 0, "x": 3}.items()
    }
    flips = find_flips(baseline, treatment)
    assert [(flip.name, round(flip.change, 3)) for flip in flips] == [
        ("a", 0.7),
        ("d", -0.5),
        ("b", -0.1),
    ]


def test_no_more_than_six_flips_are_shown() -> None:
    names = [str(number) for number in range(20)]
    nothing, everything = ({name: HitCount("cats", 1, right) for name in names} for right in (0, 1))
    assert len(find_flips(nothing, everything)) == 6


def sample(path: Path, **changes: object) -> Sample:
    """Make the sample of an image."""
    return Sample(path, path.name, "cats", "train", 1, **changes)  # type: ignore[arg-type]


def flip(name: str) -> Flip:
    """Make a flip of an image."""
    return Flip(name, HitCount("cats", 1, 0), HitCount("cats", 1, 1))


def test_nearest_images_come_first_and_kin_never(tmp_path: Path) -> None:
    test = sample(photo(tmp_path / "test.png", 1), source="s", fold=0)
    same = sample(photo(tmp_path / "same.png", 1, (80, 60)), source="t", augmented=True)
    others = [
        sample(photo(tmp_path / f"{number}.png", number), augmented=True) for number in range(2, 8)
    ]
    kin = [
        sample(photo(tmp_path / "variant.png", 1), source="s", augmented=True),
        sample(photo(tmp_path / "fold.png", 1), source="u", fold=0),
        test,
    ]
    (pictured,) = picture_flips([flip("test.png")], [test], [*others, *kin, same, same])
    assert len({each.name for each in pictured.neighbours}) == 3
    assert pictured.neighbours[0].name == "same.png"
    assert not {each.name for each in pictured.neighbours} & {"variant.png", "fold.png", "test.png"}
    assert pictured.image.pixels.shape == (30, 40, 3)


def test_pictures_are_small(tmp_path: Path) -> None:
    test = sample(photo(tmp_path / "test.png", 1, (900, 600)))
    (pictured,) = picture_flips([flip("test.png")], [test], [])
    assert pictured.image.pixels.shape == (128, 192, 3)
    assert pictured.neighbours == ()


def test_images_that_are_gone_or_damaged_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "damaged.png").write_bytes(b"no image")
    there, damaged = sample(photo(tmp_path / "there.png", 1)), sample(tmp_path / "damaged.png")
    gone = sample(tmp_path / "gone.png")
    flips = [flip(name) for name in ("gone.png", "damaged.png", "there.png", "unknown.png")]
    pictured = picture_flips(flips, [there, damaged, gone], [gone, damaged])
    assert [each.flip.name for each in pictured] == ["there.png"]
    assert pictured[0].neighbours == ()


def test_of_many_training_images_a_spread_is_searched(tmp_path: Path) -> None:
    test, near = (
        sample(photo(tmp_path / "test.png", 1)),
        sample(photo(tmp_path / "near.png", 1, (80, 60))),
    )
    gone = [sample(tmp_path / f"{number}.png") for number in range(2 * MOST_SEARCHED)]
    for place, found in ((0, ["near.png"]), (1, [])):  # every third of 2,001 is looked at
        train = [*gone[:place], near, *gone[place:]]
        (pictured,) = picture_flips([flip("test.png")], [test], train)
        assert [each.name for each in pictured.neighbours] == found
