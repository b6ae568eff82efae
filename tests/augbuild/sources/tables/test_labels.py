"""Labels: one spelling for each class, and every doubt named with its row."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.errors import SourceError
from augbuild.sources.tables.labels import LabelReader, read_label_map

TABLE = Path("t.csv")


def read(*values: object, names: dict[str, str] | None = None) -> list[str]:
    reader = LabelReader(TABLE, ("label",), 0, (), names)
    return [reader.read(number, [value]) for number, value in enumerate(values, start=1)]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["cat", "dog", "cat"], ["cat", "dog", "cat"]),
        ([" cat", " dog"], ["cat", "dog"]),
        ([0, 1], ["0", "1"]),
        ([1.0, 0.0], ["1", "0"]),
        (["1.0", "0.0"], ["1", "0"]),
        (["v1.0", "1.05"], ["v1.0", "1.05"]),
        (["none", "NA"], ["none", "NA"]),
    ],
)
def test_labels_as_written(values: list[object], labels: list[str]) -> None:
    assert read(*values) == labels


@given(st.lists(st.integers(-1000, 1000), min_size=1))
def test_whole_numbers_are_themselves(values: list[int]) -> None:
    assert read(*values) == [str(value) for value in values]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["cat", "Cat"], "row 2 has the label 'Cat', row 1 'cat'; write them alike, or map each"),
        (["cat", " cat"], "row 2 has the label ' cat', row 1 'cat'; they differ in blanks only"),
        (["1", "1.0"], "row 2 has the label '1.0', row 1 '1'; write them alike"),
        (["cat", "nan"], "row 2 has no label in 'label' (got 'nan'); give it one or remove the"),
        (["NULL"], "row 1 has no label"),
        (["  "], "row 1 has no label"),
        ([""], "row 1 has no label in 'label'; give it one"),
        ([None], "row 1 has no label in 'label'; give it one"),
        ([float("nan")], "row 1 has no label in 'label' (got nan)"),
        ([1.5], "row 1 has no label in 'label' (got 1.5)"),
        ([["x"]], "row 1 has no label in 'label'; give it one"),
    ],
)
def test_what_is_in_doubt(values: list[object], message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(*values)
    assert message in str(caught.value)


def test_map_names_and_joins_labels() -> None:
    assert read(0, "1.0", " 0", names={"0": "cat", "1": "dog"}) == ["cat", "dog", "cat"]
    assert read("cat", "Cat", names={"cat": "cat", "Cat": "cat"}) == ["cat", "cat"]
    with pytest.raises(SourceError, match=r"row 2 has the label 'cta', which the label map does"):
        read("cat", "cta", names={"cat": "x"})


def one_hot(*cells: object) -> str:
    return LabelReader(TABLE, ("path", " cat", "dog"), None, (1, 2)).read(4, ["a.png", *cells])


def test_one_hot() -> None:
    assert one_hot("1", "0") == "cat"
    assert one_hot(0.0, 1.0) == "dog"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "1"], "row 4 has 2 labels of its one-hot columns (cat, dog); each image must have"),
        (["0", "0"], "row 4 has 0 labels of its one-hot columns (none)"),
        (["0", "2"], "row 4: dog must be 0 or 1 (got '2')"),
    ],
)
def test_one_hot_with_another_sum(cells: list[object], message: str) -> None:
    with pytest.raises(SourceError) as caught:
        one_hot(*cells)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ['{"0": "cat", "1": "dog"}', '["cat", "dog"]', '{"cat": 0, "dog": 1}'],
)
def test_maps_of_either_direction(tmp_path: Path, text: str) -> None:
    (tmp_path / "map.json").write_text(text)
    assert read_label_map(tmp_path / "map.json") == {"0": "cat", "1": "dog"}


@pytest.mark.parametrize("text", ["3", '{"a": []}', "[1]"])
def test_what_is_no_map(tmp_path: Path, text: str) -> None:
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(SourceError, match=r"map.json is not a label map: expected an object such"):
        read_label_map(tmp_path / "map.json")
