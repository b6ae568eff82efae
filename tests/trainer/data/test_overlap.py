"""Evaluated images that are in training, too: by path and by bytes, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import photo
from trainer.data.overlap import describe_overlap
from trainer.data.samples import Sample


def sample(path: Path) -> Sample:
    """Return an image of a table."""
    return Sample(path, path.name, "cats", None, 1)


def test_no_overlap_is_no_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "b").write_bytes(b"124")
    (tmp_path / "c").write_bytes(b"12")
    train = [sample(tmp_path / "a")]
    assert describe_overlap(train, [sample(tmp_path / "b"), sample(tmp_path / "c")]) == ()
    assert describe_overlap(train, []) == ()
    assert describe_overlap([], train) == ()


def test_same_bytes(tmp_path: Path) -> None:
    one, other = photo(tmp_path / "a.png", 1), photo(tmp_path / "b.png", 2)
    copy = Path(shutil.copy(one, tmp_path / "copy.png"))
    line = describe_overlap([sample(other), sample(one)], [sample(copy)])
    assert line == (
        "leak: 1 of 1 evaluated images is in training, too, as the same file or the same bytes "
        "(first: copy.png, in training as a.png); the accuracy does not hold for new images",
    )


def test_same_path_by_another_name(tmp_path: Path) -> None:
    one = photo(tmp_path / "a.png", 1)
    (tmp_path / "sub").mkdir()
    again = tmp_path / "sub" / ".." / "a.png"
    link = tmp_path / "link.png"
    link.symlink_to(one)
    fresh = photo(tmp_path / "fresh.png", 3)
    (line,) = describe_overlap([sample(one)], [sample(fresh), sample(again), sample(link)])
    assert line.startswith("leak: 2 of 3 evaluated images are in training, too, ")
    assert "(first: a.png, in training as a.png)" in line


def test_training_image_that_is_gone(tmp_path: Path) -> None:
    fresh = photo(tmp_path / "fresh.png", 3)
    assert describe_overlap([sample(tmp_path / "gone.png")], [sample(fresh)]) == ()
