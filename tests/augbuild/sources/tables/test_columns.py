"""Which column is which: by name, by option, by values; what looks like one and is not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import Columns
from augbuild.sources.tables.columns import LABELS, PATHS, ChosenColumns, choose_columns

TABLE = Path("t.csv")


def choose(
    header: str, *rows: str, path: str | None = None, label: str | None = None,
    split: str | None = None, group: str | None = None,
) -> ChosenColumns:  # fmt: skip
    cells = [row.split(",") for row in rows]
    return choose_columns(TABLE, header.split(","), cells, Columns(path, label, split, group))


@pytest.mark.parametrize("name", PATHS)
def test_every_usual_name_of_paths(name: str) -> None:
    chosen = choose(f"label,{name.upper()},other", "x,a.png,1")
    assert (chosen.path, chosen.label) == (1, 0)


@pytest.mark.parametrize("name", LABELS)
def test_every_usual_name_of_labels(name: str) -> None:
    chosen = choose(f"{name.title()},path,other", "x,a.png,1")
    assert (chosen.path, chosen.label, chosen.one_hot) == (1, 0, ())


def test_a_file_name_goes_before_a_number() -> None:
    assert choose("id,image,label", "1,a.png,x").path == 1
    assert choose("id,breed", "000bec,boxer").path == 0


def test_blanks_and_dashes_in_names() -> None:
    chosen = choose("Image Index,Finding Labels,x", "a.png,Mass,1")
    assert (chosen.path, chosen.label) == (0, 1)


def test_paths_are_found_by_their_values() -> None:
    assert choose("number,what,label", "1,a.png,x", "2,b.png,y").path == 1


def test_only_other_column_is_the_label_and_said() -> None:
    chosen = choose("path,essence", "a.png,oak")
    assert chosen.label == 1
    assert [finding.text() for finding in chosen.findings] == [
        "column 'essence', the only other one, is read as the label; "
        "--label-column essence says the same"
    ]


@pytest.mark.parametrize(
    "name", ["split", "Set", "dataset", "subset", "partition", "fold", "phase"]
)
def test_every_usual_name_of_splits(name: str) -> None:
    chosen = choose(f"path,label,{name}", "a.png,x,train", "b.png,y,TEST")
    assert (chosen.splits, chosen.findings) == ((2,), ())


def test_columns_of_yes_and_no_together() -> None:
    assert choose("path,label,is_valid,is_test", "a.png,x,0,1").splits == (2, 3)


def test_none_leaves_the_split_unused() -> None:
    chosen = choose("path,label,split,is_test", "a.png,x,train,0", split="none")
    assert (chosen.splits, chosen.findings) == ((), ())


def test_one_hot_columns() -> None:
    chosen = choose("path,cat,dog,split", "a.png,1,0,train", "b.png,0.0,1.0,test")
    assert (chosen.label, chosen.one_hot, chosen.splits) == (None, (1, 2), (3,))


def test_a_label_goes_before_one_hot_columns() -> None:
    chosen = choose("path,label,cat,dog", "a.png,x,1,0")
    assert (chosen.label, chosen.one_hot) == (1, ())


def test_columns_that_options_name() -> None:
    chosen = choose("a,b,c,d,path,label", "1,2,3,4,5,6", path="a", label="b", split="c", group="d")
    assert (chosen.path, chosen.label, chosen.splits, chosen.group) == (0, 1, (2,), 3)


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("path,label,fold", "a.png,x,3", "'fold' looks like folds, and is not used"),
        (
            "path,label,patient_id",
            "a.png,x,p1",
            "'patient_id' looks like groups that a split should not part, and is not used; "
            "--group-column patient_id keeps each together",
        ),
        (
            "path,label,dataset",
            "a.png,x,ISIC",
            "'dataset' looks like a split, but its values are not names of splits, and is not used",
        ),
        (
            "path,label,split,is_valid",
            "a.png,x,train,1",
            "'is_valid' looks like a split, but",
        ),
    ],
)
def test_what_is_not_used_is_said(header: str, row: str, message: str) -> None:
    findings = choose(header, row).findings
    assert [finding.kind for finding in findings] == ["unused column"]
    assert message in findings[0].text()


def test_advice_to_name_the_group_makes_the_finding_go() -> None:
    assert choose("path,label,patient_id", "a.png,x,p1", group="patient_id").findings == ()


@pytest.mark.parametrize("name", ["xmin", "bbox"])
def test_boxes_are_noticed(name: str) -> None:
    assert choose(f"path,label,{name}", "a.png,x,1").has_boxes
    assert not choose("path,label,x", "a.png,x,1").has_boxes


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("a,b", "1,2", "t.csv has no column with image paths: expected one of file_name, path, "),
        ("path,b,c", "x.png,2,3", "t.csv has no column with labels: expected one of label_name, "),
        ("path,b,c", "x.png,2,3", "(got path, b, c); name it with --label-column path or b "),
        ("path,label,label", "x.png,2,3", "two columns are named 'label' (columns 2 and 3)"),
    ],
)
def test_what_is_missing(header: str, row: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        choose(header, row)
    assert message in str(caught.value)


def test_options_that_name_no_column() -> None:
    with pytest.raises(SourceError, match=r"no column 'lable' \(--label-column\); did you mean"):
        choose("path,label", "a.png,x", label="lable")
    with pytest.raises(SourceError, match=r"no column 'q' \(--split-column\); it has path, label"):
        choose("path,label", "a.png,x", split="q")


def test_columns_without_a_name_may_be_several() -> None:
    assert choose(",,path,label", "0,0,a.png,x").path == 2
