"""predictions.csv: read back as written, inert in a spreadsheet, checked when it is read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from augbuild.errors import RunError
from trainer.training.predictions import PredictionTable, read_predictions, write_predictions

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def make_table(*samples: str, classes: tuple[str, ...] = ("cats", "dogs")) -> PredictionTable:
    """Make a table whose images are all of the first class, and told apart better and better."""
    probabilities = np.full((len(samples), len(classes)), 0.1)
    probabilities[:, 0] = np.linspace(0.0, 1.0, len(samples))
    return PredictionTable(samples, (classes[0],) * len(samples), classes, probabilities)


def same(first: PredictionTable, second: PredictionTable) -> bool:
    """Check whether two tables are equal, to the last bit."""
    texts = (first.samples, first.targets, first.classes)
    return texts == (second.samples, second.targets, second.classes) and np.array_equal(
        first.probabilities, second.probabilities
    )


def test_file_has_the_bytes_of_version_0_1(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", make_table("a.jpg", "b,c.jpg", "=d.jpg"))
    assert (tmp_path / "p.csv").read_bytes() == (
        b"sample,target,predicted,p(cats),p(dogs)\n"
        b"a.jpg,cats,dogs,0.0,0.1\n"
        b'"b,c.jpg",cats,cats,0.5,0.1\n'
        b"'=d.jpg,cats,cats,1.0,0.1\n"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(NAMES, min_size=1, max_size=4),
    st.lists(NAMES, min_size=2, max_size=3, unique=True),
)
def test_any_names_come_back(tmp_path: Path, samples: list[str], classes: list[str]) -> None:
    table = make_table(*samples, classes=tuple(classes))
    write_predictions(tmp_path / "p.csv", table)
    assert same(read_predictions(tmp_path / "p.csv"), table)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'"])
def test_no_cell_begins_like_a_formula(tmp_path: Path, start: str) -> None:
    classes = (f"{start}1+1", "dogs")
    table = make_table(f"{start}cmd|' /C calc'!A0", "plain", classes=classes)
    write_predictions(tmp_path / "p.csv", table)
    with (tmp_path / "p.csv").open(newline="") as file:
        _, first, second = csv.reader(file)
    assert [cell[0] for cell in first[:3]] == ["'", "'", "d"]  # p = 0: the second class
    assert second[2] == f"'{classes[0]}"
    assert same(read_predictions(tmp_path / "p.csv"), table)


@pytest.mark.parametrize("name", ["a\u2028b", "a\x0bb", "a\x85b", "a\nb", "a\r\nb", 'a"b', "a,b"])
def test_names_may_hold_line_ends_and_delimiters(tmp_path: Path, name: str) -> None:
    table = make_table(name, "c")
    write_predictions(tmp_path / "p.csv", table)
    assert read_predictions(tmp_path / "p.csv").samples == (name, "c")


def test_predicted_is_the_most_probable_class_the_first_of_equals() -> None:
    probabilities = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [0.1, 0.1, 0.8]])
    table = PredictionTable(("x", "y", "z"), ("a", "a", "a"), ("a", "b", "c"), probabilities)
    assert table.predicted == ("b", "a", "c")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not what trainer writes"),
        ("a,b\n", "is not what trainer writes: its columns are a, b"),
        ("sample,target,predicted\n", "its columns are sample, target, predicted"),
        ("sample,target,predicted,p(a)\nx,a,a\n", "row 1 has 3 columns, not 4"),
        ("sample,target,predicted,p(a)\nx,a,a,1\ny,a,a,1,2\n", "row 2 has 5 columns, not 4"),
        ("sample,target,predicted,p(a)\nx,a,a,much\n", "is not what trainer writes"),
        ('sample,target,predicted,p(a)\n"x,a,a,1\n', "is not what trainer writes"),
        (b"\xff\xfe", "is not what trainer writes"),
    ],
)
def test_damaged_file_is_a_sentence(tmp_path: Path, content: str | bytes, message: str) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(RunError) as caught:
        read_predictions(file)
    assert str(caught.value).startswith(f"{file} ")
    assert message in str(caught.value)


def test_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"p.csv cannot be read: No such file"):
        read_predictions(tmp_path / "p.csv")


def test_table_without_rows_has_its_classes(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", make_table())
    table = read_predictions(tmp_path / "p.csv")
    assert (table.samples, table.classes, table.probabilities.shape) == (
        (),
        ("cats", "dogs"),
        (0, 2),
    )
