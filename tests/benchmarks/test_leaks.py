"""benchmarks/leaks.py on a few drawn pictures: it runs, and its table adds up."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from augbuild.sources.folder import open_folder
from benchmarks.leaks import KINDS, make_picture, print_clean, print_large, print_recall
from tests.augbuild.similarity.drawing import scene


def folder(root: Path, count: int) -> Path:
    """Make a folder of two classes of drawn pictures."""
    for number in range(count):
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(number).save(path)
    return root


def test_recall_of_each_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_recall(open_folder(folder(tmp_path / "photos", 16)), 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "16 photos; copies found, of 3 of each kind"
    found = {line[:20].strip(): line[20:].split() for line in lines[2:]}
    assert found.keys() == KINDS.keys()
    counts = np.array([[int(each) for each in row] for row in found.values()])
    assert counts.max() <= 3
    assert counts.mean() > 2.6


def test_clean_sets_and_made_up_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = folder(tmp_path / "photos", 8)
    print_clean(str(root))
    scene(1).save(root / "a" / "copy.png")
    print_clean(str(root))
    first, second, pair = capsys.readouterr().out.splitlines()
    assert first.endswith("photos: 0 pairs, 0.0 per 1,000 images")
    assert second.endswith("photos: 1 pairs, 111.1 per 1,000 images")
    assert pair == "    a/copy.png = b/1.png"
    print_large(60, 10)
    line = capsys.readouterr().out
    match = re.search(r"(\d+) of 10 crops of 10 % found, 0 other pairs", line)
    assert match is not None
    assert int(match[1]) >= 8


def test_made_up_pictures_are_repeatable() -> None:
    assert np.array_equal(np.asarray(make_picture(1)), np.asarray(make_picture(1)))
    assert not np.array_equal(np.asarray(make_picture(1)), np.asarray(make_picture(2)))
