"""Lists of images to leave out: read, written, and applied to a dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import OutputError, SourceError
from augbuild.sources.dataset import Source, SourceDataset
from augbuild.sources.exclusions import leave_out, read_exclusions, write_exclusions
from augbuild.sources.originals import FolderOriginals


def dataset_of(*paths: str, ignored: dict[str, int] | None = None) -> SourceDataset:
    sources = tuple(Source(path, path.split("/")[0]) for path in paths)
    root = Path("/nowhere")
    return SourceDataset(
        root, FolderOriginals(root), "photos", ("a", "b"), sources, ignored=ignored or {}
    )


def test_written_and_read(tmp_path: Path) -> None:
    paths = ["a/1.png", "#b/2.png", " a/blank .png", "ü/é.png", "a/#.png"]
    file = tmp_path / "copies.txt"
    write_exclusions(file, dict.fromkeys(paths, "the same picture as b/1.png"))
    assert read_exclusions(file) == paths
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[:3] == [
        "# Images to leave out; a recipe names this list: exclude_file = 'copies.txt'",
        "# the same picture as b/1.png",
        "a/1.png",
    ]


def test_what_an_editor_makes_of_it(tmp_path: Path) -> None:
    file = tmp_path / "copies.txt"
    file.write_bytes("\ufeff# from Windows\r\n\r\n  \r\na/1.png\r\n./a/2.png".encode())
    assert read_exclusions(file) == ["a/1.png", "a/2.png"]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "copies.txt"
    with pytest.raises(SourceError, match=r"copies.txt cannot be read: No such file"):
        read_exclusions(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match=r"is not UTF-8 text; it has one path a line$"):
        read_exclusions(file)


def test_a_file_that_exists_stays(tmp_path: Path) -> None:
    file = tmp_path / "copies.txt"
    file.write_text("mine")
    with pytest.raises(OutputError, match=r"exists; remove it, or write another one$"):
        write_exclusions(file, {})
    assert file.read_text() == "mine"
    with pytest.raises(OutputError, match=r"cannot be written: No such file"):
        write_exclusions(tmp_path / "missing" / "x.txt", {})


def test_left_out_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "copies.txt"
    file.write_text("a/2.png\nb/1.png\n")
    dataset = dataset_of("a/1.png", "a/2.png", "b/1.png", "b/2.png", ignored={"excluded": 3})
    left = leave_out(dataset, file)
    assert [source.path for source in left.sources] == ["a/1.png", "b/2.png"]
    assert left.ignored == {"excluded": 5}
    assert left.findings == ()


def test_paths_that_are_nowhere_are_said(tmp_path: Path) -> None:
    file = tmp_path / "copies.txt"
    file.write_text("a/9.png\na/1.png\n")
    left = leave_out(dataset_of("a/1.png", "a/2.png", "b/1.png"), file)
    (finding,) = left.findings
    assert finding.text() == (
        "1 path of copies.txt is not in the source (a/9.png); "
        "remove them from the list, or write them as they are in the source"
    )


def test_a_class_must_keep_an_image(tmp_path: Path) -> None:
    file = tmp_path / "copies.txt"
    file.write_text("b/1.png\n")
    with pytest.raises(SourceError, match=r"copies.txt leaves out every image of class 'b'$"):
        leave_out(dataset_of("a/1.png", "b/1.png"), file)


def test_nothing_left_out(tmp_path: Path) -> None:
    file = tmp_path / "copies.txt"
    file.write_text("# nothing\n")
    dataset = dataset_of("a/1.png", "b/1.png")
    assert leave_out(dataset, file) == dataset
