"""Parquet, plain and with the images in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augbuild.errors import SourceError
from augbuild.sources.tables.parquet import read_parquet

pyarrow: Any = pytest.importorskip("pyarrow")
parquet: Any = pytest.importorskip("pyarrow.parquet")

PNG = b"\x89PNG first"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "t.parquet"


def write(
    file: Path, rows: list[dict[str, object]], metadata: dict[str, str] | None = None
) -> None:
    table = pyarrow.Table.from_pylist(rows)
    if metadata is not None:
        table = table.replace_schema_metadata(metadata)
    parquet.write_table(table, file)


def test_plain_columns(file: Path) -> None:
    write(file, [{"path": "a.png", "label": 1}, {"path": "b.png", "label": None}])
    table = read_parquet(file, "0" * 64)
    assert (table.columns, table.class_names) == (("path", "label"), {})
    assert list(table.cells) == [["a.png", 1], ["b.png", None]]


def test_images_are_written_once_under_names_of_their_own(file: Path, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"image": {"bytes": PNG, "path": "x/a.png"}, "label": 0},
        {"image": {"bytes": b"\xff\xd8 second", "path": "y/a.png"}, "label": 1},
        {"image": {"bytes": b"\xff\xd8 third", "path": None}, "label": 1},
        {"image": {"bytes": b"no image", "path": None}, "label": 1},
        {"image": {"bytes": None, "path": "elsewhere.png"}, "label": 1},
        {"image": None, "label": 1},
    ]
    write(file, rows)
    found = [cells[0] for cells in read_parquet(file, "ab" * 32).cells]
    folder = tmp_path / "cache" / "augbuild" / "tables" / ("ab" * 16)
    names = [Path(str(path)).name for path in found[:4]]
    assert names[:2] == ["a.png", "a_2.png"]
    assert [Path(name).suffix for name in names] == [".png", ".png", ".jpg", ".bin"]
    assert found[4:] == ["elsewhere.png", None]
    assert (folder / "a.png").read_bytes() == PNG
    assert (folder / "a_2.png").read_bytes() == b"\xff\xd8 second"
    before = (folder / "a.png").stat().st_mtime_ns
    (folder / "a_2.png").write_bytes(b"cut")
    list(read_parquet(file, "ab" * 32).cells)
    assert (folder / "a.png").stat().st_mtime_ns == before
    assert (folder / "a_2.png").read_bytes() == b"\xff\xd8 second"


def test_names_of_classes(file: Path) -> None:
    features = {"label": {"names": ["cat", "dog"]}, "image": {"_type": "Image"}}
    write(file, [{"label": 0}], {"huggingface": json.dumps({"info": {"features": features}})})
    assert read_parquet(file, "0" * 64).class_names == {"label": ["cat", "dog"]}


@pytest.mark.parametrize("metadata", ["[]", "{}", "no JSON", '{"info": {}}'])
def test_other_metadata_is_nothing(file: Path, metadata: str) -> None:
    write(file, [{"label": 0}], {"huggingface": metadata})
    assert read_parquet(file, "0" * 64).class_names == {}


def test_what_is_no_parquet(file: Path) -> None:
    file.write_bytes(b"PAR1")
    with pytest.raises(SourceError, match=r"t.parquet is not a Parquet file that can be read"):
        read_parquet(file, "0" * 64)
