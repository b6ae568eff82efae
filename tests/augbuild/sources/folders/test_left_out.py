"""Findings about what is left out: one line a kind, with advice that ends it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from augbuild.sources.dataset import SourceOptions
from augbuild.sources.open import open_source
from tests.augbuild.sources.fixtures import findings_of, touch


def remove(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


def rename(name: str, new: str) -> Callable[[Path], None]:

    def follow(root: Path) -> None:
        (root / name).replace(root / new)

    return follow


LEFT_OUT = [
    (
        ["cats/1.gif"],
        "1 .gif file is left out (cats/1.gif); convert it to JPEG or PNG, or remove it",
        rename("cats/1.gif", "cats/2.png"),
    ),
    (
        ["cats/.DS_Store"],
        "1 hidden file or folder is left out (cats/.DS_Store); remove it",
        remove("cats/.DS_Store"),
    ),
    (
        ["loose.jpg"],
        "1 image in no class folder is left out (loose.jpg); move it into class folders, or "
        "remove it",
        rename("loose.jpg", "cats/loose.jpg"),
    ),
    (
        ["cats/README"],
        "1 file without an extension is left out (cats/README); remove it, or exclude it in "
        "[source]",
        remove("cats/README"),
    ),
    (
        [f"cats/x.{'y' * 20}"],
        f"1 file of another kind is left out (cats/x.{'y' * 20}); remove it, or rename it if it "
        "holds an image",
        rename(f"cats/x.{'y' * 20}", "cats/x.jpg"),
    ),
]


@pytest.mark.parametrize(
    ("files", "text", "follow"), LEFT_OUT, ids=[files[0][:20] for files, _, _ in LEFT_OUT]
)
def test_each_kind_and_its_advice(
    tmp_path: Path, files: list[str], text: str, follow: Callable[[Path], None]
) -> None:
    touch(tmp_path, "cats/1.jpg", "dogs/1.jpg", *files)
    dataset = open_source(".", tmp_path)
    assert findings_of(dataset) == [text]
    assert {finding.kind for finding in dataset.findings} == {"files left out"}
    follow(tmp_path)
    assert findings_of(open_source(".", tmp_path)) == []


def test_many_of_a_kind_are_one_line(tmp_path: Path) -> None:
    touch(tmp_path, "dogs/1.jpg", "cats/1.jpg", *(f"cats/{number}.jxl" for number in range(5)))
    (finding,) = open_source(".", tmp_path).findings
    assert (finding.count, len(finding.examples)) == (5, 3)
    assert finding.text() == (
        "5 .jxl files are left out (cats/0.jxl, cats/1.jxl, cats/2.jxl and 2 others); "
        "convert them to JPEG or PNG, or remove them"
    )


def test_what_is_no_image_is_one_line_and_may_be_excluded(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg", "dogs/1.jpg", "cats/1.txt", "cats/2.TXT", "x.json")
    (text,) = findings_of(open_source(".", tmp_path))
    assert text == (
        "3 files that are no images are left out: .txt 2, .json 1; if that is right, "
        'exclude = ["*.TXT", "*.json", "*.txt"] in [source] says so'
    )
    options = SourceOptions(exclude=("*.TXT", "*.json", "*.txt"))
    dataset = open_source(".", tmp_path, options)
    assert (findings_of(dataset), dataset.ignored) == ([], {"excluded": 3})


def test_images_without_an_extension_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg", "dogs/1.jpg", "cats/LICENSE")
    for number in "23":
        (tmp_path / "cats" / number).write_bytes(b"\x89PNG\r\n\x1a\n")
    assert findings_of(open_source(".", tmp_path)) == [
        "2 images whose names have no extension are left out (cats/2, cats/3); add an extension to "
        "the name, such as .jpg",
        "1 file without an extension is left out (cats/LICENSE); remove it, or exclude it in "
        "[source]",
    ]


def test_what_is_not_regular_is_said(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg", "dogs/1.jpg")
    os.mkfifo(tmp_path / "cats" / "pipe.jpg")
    assert findings_of(open_source(".", tmp_path)) == [
        "1 device, pipe or socket is left out (cats/pipe.jpg); remove it"
    ]


class TestLinks:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return touch(tmp_path / "photos", "cats/1.jpg", "dogs/1.jpg")

    def test_one_that_leads_out(self, root: Path) -> None:
        touch(root.parent, "far/2.jpg")
        (root / "birds").symlink_to("../far")
        assert findings_of(open_source(".", root)) == [
            "1 link leads out of the source (birds); replace it by what it leads to, or leave it "
            "out with --no-follow-links"
        ]
        (text,) = findings_of(open_source(".", root, SourceOptions(follow_links=False)))
        assert text == "1 link is left out (birds); follow it, without --no-follow-links"
        (root / "birds").unlink()
        touch(root, "birds/2.jpg")
        assert findings_of(open_source(".", root)) == []

    def test_one_to_a_folder_that_is_read_already(self, root: Path) -> None:
        (root / "pets").symlink_to("cats")
        (text,) = findings_of(open_source(".", root))
        assert text == "1 link to a folder that is read already is left out (pets); remove it"

    def test_one_to_nothing(self, root: Path) -> None:
        (root / "birds").symlink_to("../far")
        (text,) = findings_of(open_source(".", root))
        assert text == "1 link to nothing is left out (birds); restore what it led to"
        touch(root.parent, "far/2.jpg")
        assert "leads out" in findings_of(open_source(".", root))[0]


def test_patterns_that_match_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg", "dogs/1.jpg")
    options = SourceOptions(exclude=("aug_*",))
    assert findings_of(open_source(".", tmp_path, options)) == [
        'exclude = ["aug_*"] matches no file; correct the pattern, or remove it'
    ]
