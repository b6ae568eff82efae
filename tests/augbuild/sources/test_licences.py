"""Licence files in and beside a source: named, not read, and nothing else taken for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from augbuild.sources.licences import find_licence_files

ADVICE = 'if it is that of the images, name it in the recipe: [dataset] license = "…"'


def named(root: Path) -> tuple[str, ...]:
    """Return the names of the licence files that are found."""
    found = find_licence_files(root)
    return found[0].examples if found else ()


@pytest.mark.parametrize(
    "name",
    [
        "LICENSE", "LICENCE", "license.txt", "LICENSE.CC0.txt", "License-images.md", "COPYING",
        "copying.rst", "COPYRIGHT", "NOTICE.txt", "LICENSES.html", "UNLICENSE",
        "licence_photos.pdf", "LICENSE-MIT",
    ],
)  # fmt: skip
def test_names_of_licences(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert named(tmp_path) == (name,)


@pytest.mark.parametrize(
    "name",
    ["licensed.txt", "my_license.txt", "LICENSES.tsv", "license.png", "README.md"],
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
    assert one.text() == f"1 licence file lies with the source (LICENSE); {ADVICE}"
    (tmp_path / "COPYING").touch()
    (two,) = find_licence_files(tmp_path)
    assert two.text() == f"2 licence files lie with the source (COPYING, LICENSE); {ADVICE}"


def test_what_is_not_on_this_machine_has_none(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").touch()
    assert named(tmp_path / "downloaded") == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any folder")
def test_a_folder_that_cannot_be_read_has_none(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir(mode=0)
    assert named(tmp_path / "x") == ()
