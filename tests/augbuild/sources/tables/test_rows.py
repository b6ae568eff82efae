"""Rows of tables in every format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.tables.rows import looks_like_image, read_rows


def read(tmp_path: Path, name: str, text: str) -> tuple[tuple[str, ...], list[list[object]]]:
    path = tmp_path / name
    path.write_bytes(text.encode())
    rows = read_rows(path)
    return rows.columns, [list(cells) for cells in rows.cells]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_and_line_ends(tmp_path: Path, separator: str, end: str) -> None:
    lines = ["path, label", '"a,b;c.png",x', "", "d.png,y"]
    text = end.join(line.replace(", ", ",") for line in lines).replace(",", separator) + end
    text = text.replace(f'"a{separator}b;c.png"', f'"a{separator}b{separator}c.png"')
    columns, rows = read(tmp_path, "t.csv", text)
    assert columns == ("path", "label")
    assert rows == [[f"a{separator}b{separator}c.png", "x"], ["d.png", "y"]]


@pytest.mark.parametrize(
    ("name", "text", "columns", "rows"),
    [
        ("t.csv", "a.png,cat\nb.png,dog\n", ("path", "label"), 2),
        ("t.csv", "TRAIN,gs://b/a.png,cat\n", ("split", "path", "label"), 1),
        ("t.csv", "cat,a.png,0.5\n", ("label", "path", "column 3"), 1),
        ("t.csv", "# a comment\n\npath,label\na,x\n", ("path", "label"), 1),
        ("t.txt", "a b.png cat\n# no\nc.png dog\n", ("path", "label"), 2),
        ("t.txt", "n01/x.JPEG 3\n", ("path", "label"), 1),
        ("t.txt", "file label\nn01 3\n", ("file", "label"), 1),
        ("t.jsonl", '{"path":"a"}\n\n{"path":"b","split":"test"}\n', ("path", "split"), 2),
        ("t.json", '[{"path":"a"},{"path":"b"}]', ("path",), 2),
        ("t.json", '{"a.png":"x","b.png":"y"}', ("path", "label"), 2),
    ],
)
def test_columns_and_rows(
    tmp_path: Path, name: str, text: str, columns: tuple[str, ...], rows: int
) -> None:
    found = read(tmp_path, name, text)
    assert (found[0], len(found[1])) == (columns, rows)


def test_list_keeps_blanks_in_paths(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "t.txt", "my photos/a b.png cat\n")
    assert rows == [["my photos/a b.png", "cat"]]


def test_empty_fields_at_the_end_are_nothing(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "t.csv", "path,label\na.png,x,,\nb.png\n")
    assert rows == [["a.png", "x"], ["b.png", ""]]


def test_json_takes_nan_and_missing_keys(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "t.jsonl", '{"path":"a"}\n{"path":"b","label":NaN}\n')
    assert rows[0] == ["a", None]
    assert json.dumps(rows[1]) == '["b", NaN]'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "", "t.csv has no rows"),
        ("t.csv", "\n\n", "t.csv has no rows"),
        ("t.csv", "path,label\na.png,b,c\n", "row 1 has 3 fields, the header 2; put a field"),
        ("t.csv", "path,label\na,x\nPath,Label \n", "row 2 repeats the header; remove it"),
        ("t.csv", 'path,label\n"a,x\n', "is not a table of .csv rows: line 2: unexpected end"),
        ("t.txt", "a.png cat\nb.png\n", "row 2 has one word; a path and a label are expected"),
        ("t.jsonl", "{}\n", "t.jsonl has no rows"),
        ("t.jsonl", '{"a":1}\nx\n', "row 2 is not a line of JSON"),
        ("t.jsonl", '{"a":1}\n[1]\n', "row 2 must be a JSON object"),
        ("t.json", "[1,", "t.json is not JSON"),
        ("t.json", '{"images":[],\n"annotations":[]}', "row 1 is not a line of JSON"),
    ],
)
def test_what_is_wrong_is_a_sentence(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, name, text)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", ["a.png", "a/B.JPG ", "x.y.webp"])
def test_names_of_images(value: str) -> None:
    assert looks_like_image(value)


@pytest.mark.parametrize("value", ["a", "a.txt", "png", 3, None, "a.png/b"])
def test_names_of_other_things(value: object) -> None:
    assert not looks_like_image(value)
