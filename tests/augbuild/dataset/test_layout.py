"""Where things lie, and files that are written only where they differ."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from augbuild.dataset.layout import OutputFolder


@pytest.fixture
def folder(tmp_path: Path) -> OutputFolder:
    folder = OutputFolder(tmp_path, claim="1-a")
    folder.staging.mkdir(parents=True)
    return folder


def test_all_but_the_manifest_is_private(folder: OutputFolder) -> None:
    root = folder.root
    assert folder.manifest == root / "manifest.jsonl"
    private = (folder.private, folder.state, folder.set_aside, folder.staging)
    assert [path.relative_to(root).as_posix() for path in private] == [
        ".augbuild",
        ".augbuild/state.sqlite",
        ".augbuild/manifest.jsonl",
        ".augbuild/staging-1-a",
    ]
    assert OutputFolder(root, claim="2-b").staging != folder.staging


@pytest.mark.parametrize("before", [None, b"", b"other", b"content and more", b"conten"])
def test_a_file_that_differs_is_written(folder: OutputFolder, before: bytes | None) -> None:
    path = folder.root / "x.json"
    if before is not None:
        path.write_bytes(before)
    folder.update("x.json", b"content")
    assert path.read_bytes() == b"content"
    assert not any(folder.staging.iterdir())


def test_a_file_that_is_right_is_left_alone(folder: OutputFolder) -> None:
    path = folder.root / "x.json"
    path.write_bytes(b"content")
    before = path.stat()
    folder.update("x.json", b"content")
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_pipe_is_replaced_and_not_waited_for(folder: OutputFolder) -> None:
    os.mkfifo(folder.root / "x.json")
    folder.update("x.json", b"content")
    assert (folder.root / "x.json").read_bytes() == b"content"
