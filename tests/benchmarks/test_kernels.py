"""The benchmark of transforms runs, on one small photo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.kernels import OPS
from tests.conftest import REPOSITORY, photo


def test_every_transform_has_a_line_for_each_size(tmp_path: Path) -> None:
    photo(tmp_path / "photos" / "a.jpg", 3)
    numbers = tmp_path / "numbers.json"
    command = [sys.executable, "-m", "benchmarks.kernels", str(tmp_path / "photos")]
    command += ["--runs", "1", "--json", str(numbers)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1 photos of 0.00 megapixels")
    rows = json.loads(numbers.read_text())
    names = [(row["op"], row["size"]) for row in rows]
    assert names == [(op.name, size) for op in OPS for size in ("full", "224 px")]
    assert min(min(row["augly"], row["ours"]) for row in rows) >= 0
