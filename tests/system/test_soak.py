"""A hundred thousand sources: the memory of the parent, and the time of a second run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from tests.conftest import REPOSITORY, write_recipe

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/status").exists(),
        reason="reads its memory from /proc, which this system lacks",
    ),
]

SIZES = (10_000, 50_000, 100_000)
CLASSES = 10
RECIPE = """
name = "soak"
[source]
path = "photos"
[split]
group = "none"
[output]
path = "{out}"
[augment]
variants = 1
[[transforms]]
op = "rotate"
degrees = {{ uniform = [-20, 20] }}
"""

# Pictures so small would not use the workers.
MAKE = """
import re, sys, time
from pathlib import Path
import augbuild.building.execute
from augbuild.building.build import build
augbuild.building.execute._POOL_PAYS_FROM = 0
start = time.monotonic()
report = build(sys.argv[1], n_jobs=2)
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(report.made, report.kept, peak[1], time.monotonic() - start, time.process_time())
"""


class Measured(NamedTuple):
    """What one build did; `busy` seconds are its processor's, `megabytes` its parent's peak."""

    made: int
    kept: int
    megabytes: float
    seconds: float
    busy: float


def _make(recipe: Path) -> Measured:
    command = [sys.executable, "-c", MAKE, str(recipe)]
    made, kept, kilobytes, seconds, busy = subprocess.check_output(
        command, cwd=REPOSITORY, text=True
    ).split()
    return Measured(int(made), int(kept), int(kilobytes) / 1024, float(seconds), float(busy))


def _add_sources(folder: Path, start: int, stop: int) -> None:
    """Write tiny pictures, each of one colour of its own."""
    for label in range(CLASSES):
        (folder / f"class{label}").mkdir(parents=True, exist_ok=True)
    for index in range(start, stop):
        pixels = np.full((4, 4, 3), (index % 256, index // 256 % 256, index // 65536), np.uint8)
        Image.fromarray(pixels).save(
            folder / f"class{index % CLASSES}" / f"{index:06}.png", compress_level=1
        )


def test_memory_hardly_grows_and_a_second_run_is_quick(tmp_path: Path) -> None:
    first, again = {}, {}
    for before, size in zip((0, *SIZES), SIZES, strict=False):
        _add_sources(tmp_path / "photos", before, size)
        recipe = write_recipe(tmp_path, RECIPE.format(out=f"out-{size}"))
        first[size], again[size] = _make(recipe), _make(recipe)
        print(f"{size:,} sources: {first[size]}, again {again[size]}", flush=True)
        assert first[size].made > size
        assert (again[size].made, again[size].kept) == (0, first[size].made)
    smallest, largest = SIZES[0], SIZES[-1]
    for runs in (first, again):
        slope = (runs[largest].megabytes - runs[smallest].megabytes) / (largest - smallest) * 10_000
        print(f"{slope:.2f} MB per 10,000 sources")
        assert slope < 3
        assert runs[largest].megabytes < 200
    assert again[largest].busy < 60  # in one process: on an idle machine, seconds of the clock
