"""The manifest: rows that round-trip, and hostile ones refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.core.files import is_safe_path
from augbuild.dataset.manifest import Record, encode_row, read_manifest
from augbuild.errors import ManifestError

ROW: dict[str, Any] = {
    "file_name": "augmented_train/cats/cat_1_0123abcd_aug0.jpg",
    "label": 0,
    "label_name": "cats",
    "split": "train",
    "origin": "augmented",
    "variant": 0,
    "source": "cats/cat_1.jpg",
    "source_sha256": "ab" * 32,
    "group": None,
    "ops": [{"op": "rotate", "degrees": -12.5}],
    "width": 10,
    "height": 20,
    "source_width": 30,
    "source_height": 40,
    "bytes": 500,
    "sha256": "cd" * 32,
}

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
    record = Record(**{**ROW, "ops": tuple(ROW["ops"])})
    assert list(json.loads(encode_row(record))) == list(ROW)
    assert list(json.loads(encode_row(Record(**{**ROW, "fold": 3})))) == [*ROW, "fold"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"file_name": "/etc/passwd"},
            "row 2: file_name must be a relative path with forward slashes that stays below the manifest's folder "
            '(got "/etc/passwd")',
        ),
        ({"file_name": "../../x.jpg"}, "file_name must be a relative path"),
        ({"file_name": "a\\b.jpg"}, "file_name must be a relative path"),
        ({"file_name": "C:/b.jpg"}, "file_name must be a relative path"),
        ({"file_name": "a//b.jpg"}, "file_name must be a relative path"),
        ({"file_name": "a\x00.jpg"}, "file_name must be a relative path"),
        ({"file_name": "a" * 5000}, "file_name must be a relative path"),
        ({"file_name": "\ud800.jpg"}, "file_name must be a relative path"),
        ({"source": "../x.jpg"}, "source must be a relative path"),
        ({"label": True}, "row 2: label must be a class index (got true)"),
        ({"label": -1}, "label must be a class index"),
        ({"label": 1.0}, "label must be a class index"),
        ({"label_name": 7}, "label_name must be a class name"),
        ({"split": "dev"}, 'row 2: split must be train, validation or test (got "dev")'),
        ({"split": ["train"]}, "split must be train, validation or test"),
        ({"origin": ["source"]}, "origin must be source or augmented"),
        ({"variant": "0"}, "variant must be a number from 0, or null"),
        ({"sha256": "AB" * 32}, "sha256 must be a sha256 in lower-case hex"),
        ({"ops": [{"degrees": 1}]}, "ops must be a list of ops"),
        ({"ops": "rotate"}, "ops must be a list of ops"),
        ({"width": 0}, "width must be a number of pixels (got 0)"),
        ({"bytes": 2**70}, "bytes must be a number of bytes"),
        ({"fold": -1}, "fold must be a fold number"),
        ({"extra": 1}, "row 2 has a column that is not augbuild's: 'extra'"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = manifest(tmp_path, ROW, {**ROW, **change})
    with pytest.raises(ManifestError) as caught:
        list(read_manifest(path))
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: row 2")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = manifest(tmp_path, {name: value for name, value in ROW.items() if name != "sha256"})
    with pytest.raises(ManifestError, match=r"row 1 lacks 'sha256'"):
        list(read_manifest(path))


@pytest.mark.parametrize("line", ["not json\n", "[1]\n", "\n", "[" * 100_000 + "\n", '{"a": \n'])
def test_what_is_no_row_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ManifestError, match=r"row 1 (is not a line of JSON|must be a JSON object)"):
        list(read_manifest(manifest(tmp_path, line)))


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
