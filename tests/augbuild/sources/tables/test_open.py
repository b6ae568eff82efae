"""A table as a source dataset."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceDataset
from augbuild.sources.tables.open import open_table
from tests.augbuild.sources.fixtures import touch
from tests.conftest import REPOSITORY


def open_text(root: Path, text: str) -> SourceDataset:
    (root / "t.csv").write_text(text)
    return open_table(root / "t.csv", root)


def test_sources_are_sorted_by_path(tmp_path: Path) -> None:
    touch(tmp_path, "b.png", "a.png")
    (tmp_path / "a.png").write_bytes(b"bytes")
    dataset = open_text(tmp_path, "path,label\nb.png,x\na.png,y\n")
    assert [source.path for source in dataset.sources] == ["a.png", "b.png"]
    assert dataset.classes == ("x", "y")
    assert dataset.identity == str((tmp_path / "t.csv").resolve())
    assert dataset.originals.read("a.png") == b"bytes"
    assert not dataset.is_split


def test_what_cannot_be_used_is_rejected_with_a_reason(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.heic", "c:x.png")
    dataset = open_text(tmp_path, "path,label\na.png,x\nb.heic,x\nc:x.png,x\ngone.png,x\n")
    assert [source.path for source in dataset.sources] == ["a.png"]
    assert [(each.source, each.reason) for each in dataset.rejected] == [
        ("b.heic", "bad_name"),
        ("c:x.png", "bad_name"),
        ("gone.png", "unreadable"),
    ]


def test_not_one_file_is_an_error_that_names_ten(tmp_path: Path) -> None:
    rows = "".join(f"{number:02d}.png,x\n" for number in range(12))
    with pytest.raises(SourceError) as caught:
        open_text(tmp_path, f"path,label\n{rows}")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/t.csv: 12 files cannot be read: row 1: 00.png cannot")
    assert "row 10: 09.png" in message
    assert "row 11" not in message
    assert message.endswith(f"; and 2 more; tried {tmp_path}/00.png")


def test_ten_are_all_named(tmp_path: Path) -> None:
    rows = "".join(f"{number}.png,x\n" for number in range(10))
    with pytest.raises(SourceError) as caught:
        open_text(tmp_path, f"path,label\n{rows}")
    assert "row 10: 9.png" in str(caught.value)
    assert "more" not in str(caught.value)


def test_listed_twice(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.png")
    with pytest.raises(SourceError, match=r"t.csv: a.png is listed twice \(rows 1 and 3\)"):
        open_text(tmp_path, "path,label\na.png,x\nb.png,x\na.png,x\n")


@pytest.mark.parametrize("label", ["a/b", "..", ".hidden", "x" * 201, "a\\b", "\u202ex"])
def test_labels_that_are_no_folders(tmp_path: Path, label: str) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(SourceError, match=r"row 1 has the label .*, which cannot be a folder; map"):
        open_text(tmp_path, f"path,label\na.png,{label}\n")


def test_labels_of_200_bytes_can_be_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    assert open_text(tmp_path, f"path,label\na.png,{'x' * 200}\n").classes == ("x" * 200,)


_MEASURED = """
import re, sys, time
from pathlib import Path
from augbuild.errors import SourceError
from augbuild.sources.open import open_source

try:
    open_source(sys.argv[1], Path())
except SourceError as error:
    assert "1,000,000 files cannot be read" in str(error), error
# Not ru_maxrss, which begins with what the process that started this one had.
peak = re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1]
print(time.process_time(), int(peak) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_million_rows_take_ten_seconds_and_300_mb(tmp_path: Path, suffix: str) -> None:
    names = [f"images/{number:07}.jpg" for number in range(1_000_000)]
    labels = [f"c{number % 10}" for number in range(1_000_000)]
    table = tmp_path / f"table{suffix}"
    if suffix == ".csv":
        rows = [f"{name},{label}" for name, label in zip(names, labels, strict=True)]
        table.write_text("\n".join(["path,label", *rows]))
    else:
        pyarrow = pytest.importorskip("pyarrow", reason="needs the extra hf")
        parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra hf")
        parquet.write_table(pyarrow.table({"path": names, "label": labels}), table)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(table)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, megabytes = map(float, done.stdout.split())
    # The processor's own time: a machine that is busy takes longer, and is not at fault.
    assert seconds < 10
    assert megabytes < 300
