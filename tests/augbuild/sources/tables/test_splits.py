"""Splits by every usual name, and columns of yes and no."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.tables.splits import SplitReader, fold_split, is_split_name

TABLE = Path("t.csv")


@pytest.mark.parametrize(
    ("value", "folded"),
    [
        ("Train", "train"),
        (" TRAINING ", "training"),
        ("train_set", "train"),
        ("Test set", "test"),
        ("trainset", "train"),
        ("testset", "test"),
        ("dev-set", "dev"),
        ("set", "set"),
        (None, ""),
        (3, "3"),
    ],
)
def test_spellings_are_folded(value: object, folded: str) -> None:
    assert fold_split(value) == folded


@pytest.mark.parametrize(
    ("value", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("val", "validation"),
        ("valid", "validation"),
        ("DEV", "validation"),
        ("validation_set", "validation"),
        ("test", "test"),
        ("Evaluation", "test"),
        ("holdout", "test"),
        ("UNASSIGNED", None),
        ("", None),
    ],
)
def test_names_of_splits(value: str, split: str | None) -> None:
    assert is_split_name(value)
    assert SplitReader(TABLE, ("split",), (0,)).read(1, [value]) == split


@pytest.mark.parametrize(
    ("columns", "values", "split"),
    [
        (["is_valid"], ["True"], "validation"),
        (["is_valid"], [False], "train"),
        (["is_train"], ["0"], "test"),
        (["is_train"], ["yes"], "train"),
        (["is_test"], [1.0], "test"),
        (["Is_Test"], ["f"], "train"),
        (["is_valid", "is_test"], ["0", "1"], "test"),
        (["is_valid", "is_test"], ["0", "0"], "train"),
        (["is_train", "is_valid"], ["0", "0"], "test"),
        (["is_train"], [None], None),
    ],
)
def test_columns_of_yes_and_no(columns: list[str], values: list[object], split: str) -> None:
    assert SplitReader(TABLE, columns, range(len(columns))).read(1, values) == split


def test_without_a_column_there_is_no_split() -> None:
    reader = SplitReader(TABLE, ("path",), ())
    assert reader.read(1, ["a"]) is None
    reader.finish()


@pytest.mark.parametrize(
    ("columns", "values", "message"),
    [
        (["part"], ["trian"], "t.csv: row 7: part must be train, validation or test (got 'trian')"),
        (["is_test"], ["maybe"], 't.csv: row 7: is_test must be true or false (got "maybe")'),
        (["is_test", "is_valid"], ["1", "1"], "t.csv: row 7 is in test and in validation"),
    ],
)
def test_what_is_no_split(columns: list[str], values: list[object], message: str) -> None:
    with pytest.raises(SourceError) as caught:
        SplitReader(TABLE, columns, range(len(columns))).read(7, values)
    assert message in str(caught.value)


def test_empty_cells_are_counted_and_named() -> None:
    reader = SplitReader(TABLE, ("split",), (0,))
    for number in range(1, 14):
        reader.read(number, ["train" if number == 2 else ""])
    with pytest.raises(SourceError) as caught:
        reader.finish()
    assert str(caught.value) == (
        "t.csv: 12 rows with an empty 'split' (row 1, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more); "
        "fill it in or remove these rows, or leave the column unused with --split-column none "
        '(columns.split = "none" in [source])'
    )


@pytest.mark.parametrize("value", ["", "train"])
def test_all_or_none_are_fine(value: str) -> None:
    reader = SplitReader(TABLE, ("split",), (0,))
    reader.read(1, [value])
    reader.read(2, [value])
    reader.finish()
