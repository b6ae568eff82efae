"""Results of sources, and rejected.jsonl: every name is written, and read again."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.dataset.results import BuiltFile, BuiltSource, encode_rejected, read_rejected
from augbuild.errors import ManifestError
from augbuild.sources.dataset import Rejected

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@given(st.lists(st.builds(Rejected, names, st.sampled_from(["empty", "truncated"]), names)))
def test_rejected_rows_round_trip(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Rejected]
) -> None:
    path = tmp_path_factory.mktemp("r") / "rejected.jsonl"
    path.write_bytes(encode_rejected(rows))
    assert list(read_rejected(path)) == rows


def test_rows_are_utf_8_in_the_order_given() -> None:
    rows = [Rejected("ü/b", "empty", "m"), Rejected("a", "not_an_image", 'a "b"')]
    assert encode_rejected(rows).decode() == (
        '{"source": "ü/b", "reason": "empty", "message": "m"}\n'
        '{"source": "a", "reason": "not_an_image", "message": "a \\"b\\""}\n'
    )
    assert encode_rejected([]) == b""


def test_a_name_that_is_not_utf_8_is_written_as_an_escape_and_read(tmp_path: Path) -> None:
    rows = [Rejected("cats/\udcff.jpg", "bad_name", "m")]
    content = encode_rejected(rows)
    assert content == b'{"source": "cats/\\udcff.jpg", "reason": "bad_name", "message": "m"}\n'
    assert json.loads(content)["source"] == "cats/\udcff.jpg"
    (tmp_path / "rejected.jsonl").write_bytes(content)
    assert list(read_rejected(tmp_path / "rejected.jsonl")) == rows


@pytest.mark.parametrize(
    "row", ["no row", "[1]", '{"source": "a"}', '{"source": "a", "reason": "x", "message": "m"}']
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "rejected.jsonl"
    path.write_bytes(encode_rejected([Rejected("a", "empty", "m")]) + row.encode() + b"\n")
    with pytest.raises(ManifestError, match=r"rejected\.jsonl: row 2 is not a rejected source: "):
        list(read_rejected(path))


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read: No such file or directory"):
        list(read_rejected(tmp_path / "rejected.jsonl"))


def test_what_was_built_crosses_to_another_process() -> None:
    file = BuiltFile("train/a.png", None, 1, 2, 3, "ab" * 32, flat=False)
    built = BuiltSource("a.png", "ab" * 32, 1, 2, False, (file,), ((),))
    assert pickle.loads(pickle.dumps(built)) == built
