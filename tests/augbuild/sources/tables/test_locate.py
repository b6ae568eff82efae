"""Files that tables name: found as people write them, and hints where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from augbuild.sources.tables.locate import Found, Locator
from tests.augbuild.sources.fixtures import touch


def found(locator: Locator, name: str) -> str:
    result = locator.find(name)
    assert result.problem == ""
    assert result.file_id > 0
    return result.path


@pytest.mark.parametrize(
    ("suffix", "name", "path"),
    [
        ("", "a/1.jpg", "a/1.jpg"),
        ("", "./a//1.jpg", "a/1.jpg"),
        ("", "a/../a/1.jpg", "a/1.jpg"),
        ("", "a\\1.jpg", "a/1.jpg"),
        (".jpg", "a/1", "a/1.jpg"),
        (".jpg", "a/1.jpg", "a/1.jpg"),
        (".jpg", "a\\1", "a/1.jpg"),
        ("", "a/1", "a/1.jpg"),
        ("", "gs://bucket/some/where/a/1.jpg", "a/1.jpg"),
        ("", "https://host/2.png", "2.png"),
    ],
)
def test_names_as_people_write_them(tmp_path: Path, suffix: str, name: str, path: str) -> None:
    touch(tmp_path, "a/1.jpg", "2.png")
    assert found(Locator(tmp_path, suffix), name) == path


def test_one_file_has_one_id_by_every_name(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "2.jpg")
    (tmp_path / "link.jpg").symlink_to("a/1.jpg")
    os.link(tmp_path / "a" / "1.jpg", tmp_path / "hard.jpg")
    locator = Locator(tmp_path)
    names = ("a/1.jpg", "link.jpg", "hard.jpg", str(tmp_path / "a" / "1.jpg"))
    assert len({locator.find(name).file_id for name in names}) == 1
    assert locator.find("2.jpg").file_id != locator.find("a/1.jpg").file_id


def test_escapes_are_noticed(tmp_path: Path) -> None:
    touch(tmp_path, "in/1.jpg", "2.jpg")
    for name in ("../2.jpg", str(tmp_path / "2.jpg"), "../gone.jpg"):
        locator = Locator(tmp_path / "in")
        locator.find("1.jpg")
        assert not locator.escapes
        locator.find(name)
        assert locator.escapes


def test_what_is_no_file(tmp_path: Path) -> None:
    touch(tmp_path, "folder.jpg/1.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    locator = Locator(tmp_path)
    for name in ("folder.jpg", "pipe.jpg"):
        assert locator.find(name) == Found(name, problem="is not a regular file")
    problem = "cannot be read: No such file or directory"
    assert locator.find("gone.jpg") == Found("gone.jpg", problem=problem)
    assert locator.find("gone") == Found("gone", problem=problem)


def test_guesses_of_an_extension_end(tmp_path: Path) -> None:
    locator = Locator(tmp_path)
    for number in range(30):
        locator.find(str(number))
    touch(tmp_path, "late.jpg")
    assert locator.find("late").problem
    touch(tmp_path, "1.png", "2.png", "3.jpg")
    fresh = Locator(tmp_path)
    assert [found(fresh, name) for name in ("1", "2", "3")] == ["1.png", "2.png", "3.jpg"]


def test_backslashes_are_said(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "a/2.jpg", "b\\3.jpg")
    locator = Locator(tmp_path)
    for name in ("a\\1.jpg", "a\\2.jpg", "b\\3.jpg"):
        locator.find(name)
    assert [finding.text() for finding in locator.findings()] == [
        "2 paths with backslashes, read as slashes"
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("1.jpg", 'train/1.jpg is there: give --images train (images = "train" in [source])'),
        ("x/1.jpg", "train/1.jpg is there: the folders that the table names are others"),
        ("train/2.jpg", "train/2.JPG is there: upper and lower case differ; write them alike"),
        ("train/1.png", "train/1.jpg is there: the extensions differ; correct the table"),
        ("9.jpg", ""),
    ],
)
def test_hints_name_the_path_tried_and_the_way_on(tmp_path: Path, name: str, hint: str) -> None:
    touch(tmp_path, "train/1.jpg", "train/2.JPG")
    locator = Locator(tmp_path)
    assert locator.find(name).problem
    tried = f"tried {tmp_path}/{name}"
    assert locator.hint() == (f"{tried}; {hint}" if hint else tried)


def test_hint_of_a_missing_suffix_and_folder(tmp_path: Path) -> None:
    touch(tmp_path, "train/000bec.jpg")
    locator = Locator(tmp_path)
    assert locator.find("000bec").problem
    assert locator.hint() == (
        f"tried {tmp_path}/000bec; train/000bec.jpg is there: give --suffix .jpg --images train"
    )
    # The advice is true.
    assert found(Locator(tmp_path / "train", ".jpg"), "000bec") == "000bec.jpg"
