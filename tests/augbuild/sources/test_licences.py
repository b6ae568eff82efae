"""Licence files in and beside a source: named, not read, and nothing else taken for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from augbuild.sources.licences import find_licence_files

ADVICE = 'name it in the recipe for all who get the dataset: [dataset] license = "…"'


def named(root: Path) -> tuple[str, ...]:
    """Return the names of the licence files that are found."""
    found = find_licence_files(root)
    return found[0].examples if found else ()


@pytest.mark.parametrize(
    "name",
    [
        "LICENSE", "LICENCE", "license.txt", "LICENSE.CC0.txt", "License-images.md", "COPYING",
        "copying.rst", "COPYRIGHT", "NOTICE.txt", "LICENSES.html", "UNLICENSE", "licence_photos.pdf",
    ],
)  # fmt: skip
def test_names_of_licences(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert named(tmp_path) == (name,)


@pytest.mark.parametrize(
    "name",
    ["licensed.txt", "my_license.txt", "LICENSES.tsv", "license.png", "notices", "README.md"],
)
def test_other_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert named(tmp_path) == ()


def test_a_folder_is_no_licence(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").mkdir()
    assert named(tmp_path) == ()


def test_beside_a_file_and_a_split_folder_too_but_not_beside_any_folder(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").touch()
    for name in ("Test", "photos"):
        (tmp_path / name).mkdir()
    (tmp_path / "photos.zip").touch()
    (tmp_path / "Test" / "COPYING").touch()
    assert named(tmp_path / "photos.zip") == ("LICENSE",)
    assert named(tmp_path / "Test") == ("COPYING", "../LICENSE")
    assert named(tmp_path / "photos") == ()


def test_in_words(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").touch()
    (one,) = find_licence_files(tmp_path)
    begin = "perhaps under which licence the images are"
    assert one.text() == f"1 file says {begin} (LICENSE); {ADVICE}"
    (tmp_path / "COPYING").touch()
    (two,) = find_licence_files(tmp_path)
    assert two.text() == f"2 files say {begin} (COPYING, LICENSE); {ADVICE}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any folder")
def test_a_folder_that_cannot_be_read_has_none(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir(mode=0)
    assert named(tmp_path / "x") == ()
