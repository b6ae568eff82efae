"""The manifest: rows that round-trip, and hostile ones refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.core.files import is_safe_path
from augbuild.dataset.manifest import Record, encode_row, find_record, read_manifest
from augbuild.errors import ManifestError
from tests.augbuild.dataset.fixtures import ROW, record_of

names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\\\x00"), min_size=1
).filter(lambda name: name not in {".", ".."} and name[1:2] != ":")
records = st.builds(
    Record,
    file_name=st.lists(names, min_size=1, max_size=3).map("/".join),
    label=st.integers(0, 1000),
    label_name=names,
    split=st.sampled_from(["train", "validation", "test"]),
    origin=st.sampled_from(["source", "augmented"]),
    variant=st.none() | st.integers(0, 99),
    source=st.lists(names, min_size=1, max_size=3).map("/".join),
    source_sha256=st.just("0" * 64),
    group=st.none() | names,
    ops=st.lists(
        st.builds(lambda x: {"op": "blur", "radius": x}, st.floats(0.1, 9)), max_size=2
    ).map(tuple),
    width=st.integers(1, 9999),
    height=st.integers(1, 9999),
    source_width=st.integers(1, 9999),
    source_height=st.integers(1, 9999),
    bytes=st.integers(1, 2**40),
    sha256=st.just("f" * 64),
    fold=st.none() | st.integers(0, 9),
)


def manifest(folder: Path, *rows: Any) -> Path:
    path = folder / "manifest.jsonl"
    path.write_text(
        "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows),
        encoding="utf-8",
    )
    return path


@given(st.lists(records, max_size=5))
def test_records_round_trip(tmp_path_factory: pytest.TempPathFactory, rows: list[Record]) -> None:
    path = tmp_path_factory.mktemp("m") / "manifest.jsonl"
    path.write_bytes(b"".join(map(encode_row, rows)))
    assert list(read_manifest(path)) == rows


def test_columns_stand_in_the_order_of_the_contract() -> None:
    assert list(json.loads(encode_row(record_of()))) == list(ROW)
    assert list(json.loads(encode_row(record_of(fold=3)))) == [*ROW, "fold"]


def test_a_row_is_the_bytes_of_version_0_1() -> None:
    ops = [{"op": "blur", "radius": 2.0}]
    row = json.dumps({**ROW, "label_name": "ü", "ops": ops}, ensure_ascii=False)
    assert encode_row(record_of(label_name="ü", ops=tuple(ops))) == f"{row}\n".encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"file_name": "/etc/passwd"},
            "row 2: file_name must be a relative path with forward slashes that stays below its "
            'folder (got "/etc/passwd")',
        ),
        ({"file_name": "../../x.jpg"}, "file_name must be a relative path"),
        ({"file_name": "a\\b.jpg"}, "file_name must be a relative path"),
        ({"file_name": "C:/b.jpg"}, "file_name must be a relative path"),
        ({"file_name": "a//b.jpg"}, "file_name must be a relative path"),
        ({"file_name": "a\x00.jpg"}, "file_name must be a relative path"),
        ({"file_name": "a" * 5000}, "file_name must be a relative path"),
        ({"file_name": "\ud800.jpg"}, "row 2 is not JSON"),
        ({"source": "../x.jpg"}, "source must be a relative path"),
        ({"label": True}, "row 2: label must be a whole number (got true)"),
        ({"label": -1}, "label must be a whole number >= 0 (got -1)"),
        ({"label": 1.0}, "label must be a whole number (got 1.0)"),
        ({"label_name": 7}, "label_name must be a text (got 7)"),
        ({"split": "dev"}, "row 2: split"),
        ({"split": ["train"]}, 'split must be a text (got ["train"])'),
        ({"origin": "src"}, "row 2: origin"),
        ({"origin": ["source"]}, 'origin must be a text (got ["source"])'),
        ({"variant": "0"}, 'variant must be a whole number or null (got "0")'),
        ({"variant": -1}, "variant must be a whole number"),
        ({"group": 3}, "group must be a text or null (got 3)"),
        ({"sha256": "AB" * 32}, "sha256 must be a text matching"),
        ({"sha256": "ab" * 32 + "\n"}, "sha256 must be a text matching"),
        ({"source_sha256": "ab"}, "source_sha256 must be a text matching"),
        ({"ops": [{"degrees": 1}]}, "ops must be a list of objects, each with a name"),
        ({"ops": [{"op": 1}]}, "ops must be a list of objects, each with a name"),
        ({"ops": [[]]}, "ops[0] must be an object (got [])"),
        ({"ops": "rotate"}, 'ops must be a list (got "rotate")'),
        ({"width": 0}, "width must be a whole number >= 1 (got 0)"),
        ({"height": 0}, "height must be a whole number >= 1 (got 0)"),
        ({"source_width": 0}, "source_width must be a whole number >= 1 (got 0)"),
        ({"source_height": 0}, "source_height must be a whole number >= 1 (got 0)"),
        ({"bytes": 2**70}, "bytes must be a whole number <= 9223372036854775807"),
        ({"bytes": 0}, "bytes must be a whole number >= 1 (got 0)"),
        ({"fold": -1}, "fold must be a whole number"),
        ({"extra": 1}, "row 2 has a key that is not augbuild's: 'extra'"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_a_wrong_row_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = manifest(tmp_path, ROW, {**ROW, **change})
    with pytest.raises(ManifestError) as caught:
        list(read_manifest(path))
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: row 2")


@pytest.mark.parametrize("name", ROW)
def test_a_missing_column_is_named(tmp_path: Path, name: str) -> None:
    path = manifest(tmp_path, {key: value for key, value in ROW.items() if key != name})
    with pytest.raises(ManifestError, match=f"row 1 lacks '{name}'"):
        list(read_manifest(path))


@pytest.mark.parametrize(
    "line", ["not json\n", "[1]\n", "\n", "[" * 100_000 + "\n", '{"file_name": \n']
)
def test_what_is_no_row_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ManifestError, match=r"row 1 (is not JSON|must be an object)"):
        list(read_manifest(manifest(tmp_path, line)))


def test_rows_end_at_a_newline_and_nothing_else(tmp_path: Path) -> None:
    odd = "cats/a\u2028b\x0bc\x85d\x1ce.jpg"
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(encode_row(record_of(source=odd)) + encode_row(record_of()))
    assert [record.source for record in read_manifest(path)] == [odd, ROW["source"]]


def test_a_record_is_checked_where_it_is_made_too() -> None:
    with pytest.raises(ValueError, match="file_name must be a relative path"):
        record_of(file_name="../x.jpg")
    with pytest.raises(ValueError, match="source must be a relative path"):
        record_of(source="/x.jpg")


def test_the_folder_of_a_file_is_its_split_or_that_of_the_variants() -> None:
    assert record_of().folder == "augmented_train"
    assert record_of(origin="source", split="test").folder == "test"


def original_of(**changes: Any) -> Record:
    return record_of(origin="source", variant=None, file_name="train/cats/cat_1.jpg", **changes)


def test_a_row_is_found_with_that_of_its_original(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    other = original_of(source="cats/other.jpg")
    path.write_bytes(b"".join(map(encode_row, [other, original_of(), record_of()])))
    assert find_record(path, record_of().file_name) == (record_of(), original_of())
    path.write_bytes(encode_row(original_of()))
    assert find_record(path, original_of().file_name) == (original_of(), original_of())
    with pytest.raises(ManifestError, match=r"manifest\.jsonl has no row for train/x\.jpg"):
        find_record(path, "train/x.jpg")


@pytest.mark.parametrize("before", [[], [original_of(source="cats/other.jpg")]], ids=len)
def test_a_row_without_that_of_its_original(tmp_path: Path, before: list[Record]) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(b"".join(map(encode_row, [*before, record_of()])))
    with pytest.raises(
        ManifestError, match=r"no row of its original \(cats/cat_1\.jpg\) before it"
    ):
        find_record(path, record_of().file_name)


def test_missing_manifest_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        ManifestError, match="does not exist; `augbuild make RECIPE` writes a manifest"
    ):
        list(read_manifest(tmp_path / "manifest.jsonl"))


def test_unfinished_build_says_how_to_finish_it(tmp_path: Path) -> None:
    (tmp_path / ".augbuild").mkdir()
    with pytest.raises(ManifestError, match="not finished; run the same `augbuild make` again"):
        list(read_manifest(tmp_path / "manifest.jsonl"))


def test_a_folder_posing_as_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        list(read_manifest(tmp_path))


@given(st.text(max_size=30))
def test_a_safe_path_never_leaves_its_folder(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    if is_safe_path(value):
        root = tmp_path_factory.getbasetemp()
        assert (root / value).is_relative_to(root)
        assert ".." not in Path(value).parts
