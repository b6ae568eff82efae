"""The classes of a folder: which there are, which are lost, which are nearly the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.open import open_source
from tests.augbuild.sources.fixtures import findings_of, labels, open_classes, touch


def test_the_class_is_the_top_folder_however_deep_an_image_lies(tmp_path: Path) -> None:
    touch(tmp_path, "dogs/1.jpg", "cats/b.png", "cats/a/x/1.webp", "cats/.x/2.jpg")
    dataset = open_source(".", tmp_path)
    assert labels(dataset) == {
        "cats/a/x/1.webp": "cats",
        "cats/b.png": "cats",
        "dogs/1.jpg": "dogs",
    }
    assert dataset.classes == ("cats", "dogs")


def test_same_classes_as_torchvision(tmp_path: Path) -> None:
    names = ["b", "B", "a10", "a2", "é", "Z", "train"]
    touch(tmp_path, *(f"{name}/1.jpg" for name in names))
    assert list(open_source(".", tmp_path).classes) == sorted(names)


def test_classes_are_those_of_all_splits(tmp_path: Path) -> None:
    touch(tmp_path, "train/b/1.jpg", "test/a/1.jpg", "val/c/1.jpg")
    assert open_source(".", tmp_path).classes == ("a", "b", "c")


def test_a_class_whose_images_were_all_rejected_is_still_a_class(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg").joinpath("dogs").mkdir()
    (tmp_path / "dogs" / "1.jpg").symlink_to("nowhere")
    dataset = open_source(".", tmp_path)
    assert dataset.classes == ("cats", "dogs")
    assert findings_of(dataset) == []


class TestChosen:
    def test_only_the_classes_that_are_named(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "dogs/1.jpg", "birds/1.gif")
        dataset = open_source(
            ".", tmp_path, SourceOptions(classes=("dogs", "cats"), exclude=("x",))
        )
        assert dataset.classes == ("cats", "dogs")
        dataset = open_source(".", tmp_path, SourceOptions(classes=("dogs",)))
        assert labels(dataset) == {"dogs/1.jpg": "dogs"}
        assert dataset.ignored == {"extension .gif": 1, "of another class": 1}
        assert findings_of(dataset)[0].startswith("'dogs' is the only class; ")

    @pytest.mark.parametrize(
        ("name", "hint"), [("Dog", "did you mean 'dogs'?"), ("zebra", "it has 'cats', 'dogs'")]
    )
    def test_one_that_is_not_there(self, tmp_path: Path, name: str, hint: str) -> None:
        touch(tmp_path, "cats/1.jpg", "dogs/1.jpg")
        with pytest.raises(SourceError) as error:
            open_source(".", tmp_path, SourceOptions(classes=(name,)))
        why = f"has no class {name!r}, which [source] classes names; {hint}"
        assert str(error.value) == f"{tmp_path} {why}"


class TestLost:
    @pytest.mark.parametrize(
        ("files", "kinds", "advice"),
        [
            (["1.gif", "2.GIF"], "2 .gif", "convert them to JPEG or PNG"),
            (["1.nef"], "1 .nef", "develop it as JPEG or PNG"),
            (["1.gif", "2.gif", "3.svg"], "2 .gif and 1 .svg", "convert them to JPEG or PNG"),
        ],
    )
    def test_a_class_of_nothing_but_images_that_are_not_read(
        self, tmp_path: Path, files: list[str], kinds: str, advice: str
    ) -> None:
        touch(tmp_path, "cats/1.jpg", *(f"dogs/{file}" for file in files))
        with pytest.raises(SourceError) as error:
            open_source(".", tmp_path)
        assert str(error.value) == (
            f"{tmp_path} has no image of class 'dogs' that can be read, only {kinds}; {advice}, "
            'or leave the class out: exclude = ["dogs/*"] in [source]'
        )
        options = SourceOptions(layout="classes", exclude=("dogs/*",))
        assert open_source(".", tmp_path, options).classes == ("cats",)

    def test_images_without_an_extension_are_known_by_their_content(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "dogs/1", "dogs/2")
        for number in "12":
            (tmp_path / "dogs" / number).write_bytes(b"\xff\xd8\xff\xe0")
        with pytest.raises(SourceError, match=r"only 2 no extension|only 2 without an extension"):
            open_source(".", tmp_path)

    def test_one_that_another_split_has_is_not_lost(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/cats/1.jpg", "train/dogs/1.jpg", "test/cats/1.jpg")
        touch(tmp_path, "test/dogs/1.gif")
        assert open_source(".", tmp_path).classes == ("cats", "dogs")

    def test_folders_of_other_files_are_no_classes(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "dogs/1.jpg", "docs/a.txt")
        dataset = open_source(".", tmp_path)
        assert dataset.classes == ("cats", "dogs")
        assert findings_of(dataset)[1].startswith("1 class folder has no images and is left out")

    def test_a_class_that_is_not_wanted_may_be_lost(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "dogs/1.jpg", "birds/1.gif")
        options = SourceOptions(classes=("cats", "dogs"))
        assert open_source(".", tmp_path, options).classes == ("cats", "dogs")


class TestEmpty:
    def test_empty_class_folders_are_said(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "dogs/1.jpg")
        (tmp_path / "birds" / "young").mkdir(parents=True)
        assert findings_of(open_source(".", tmp_path)) == [
            "1 class folder has no images and is left out (birds); remove it, or put images into it"
        ]
        (tmp_path / "ants").mkdir()
        assert findings_of(open_source(".", tmp_path)) == [
            "2 class folders have no images and are left out (ants, birds); remove them, or put "
            "images into them"
        ]
        (tmp_path / "birds" / "young").rmdir()
        for name in ("ants", "birds"):
            (tmp_path / name).rmdir()
        assert findings_of(open_source(".", tmp_path)) == []

    @pytest.mark.parametrize("folder", ["test/dogs", "test/birds"])
    def test_one_in_a_split(self, tmp_path: Path, folder: str) -> None:
        touch(tmp_path, "train/cats/1.jpg", "train/dogs/1.jpg", "test/cats/2.jpg")
        (tmp_path / folder).mkdir()
        dataset = open_source(".", tmp_path)
        assert dataset.classes == ("cats", "dogs")
        assert f"({folder})" in findings_of(dataset)[0]

    def test_one_beside_class_first_splits(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/train/1.jpg", "cats/test/1.jpg", "dogs/train/1.jpg")
        (tmp_path / "birds").mkdir()
        (finding,) = findings_of(open_source(".", tmp_path))
        assert "(birds)" in finding

    def test_one_whose_images_are_excluded_is_not_empty(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "dogs/1.jpg", "birds/1.jpg")
        options = SourceOptions(exclude=("birds/*",))
        assert findings_of(open_source(".", tmp_path, options)) == []


class TestSimilar:
    def test_classes_that_some_file_systems_take_for_one(self, tmp_path: Path) -> None:
        touch(tmp_path, "Cats/1.jpg", "cats/1.jpg", "cafe\u0301/1.jpg", "caf\xe9/1.jpg")
        dataset = open_source(".", tmp_path)
        assert len(dataset.classes) == 4
        where = "share one folder on file systems that ignore case (macOS, Windows)"
        advice = "merge the two folders, or rename one"
        assert findings_of(dataset) == [
            f"classes 'cafe\u0301' and 'caf\xe9' {where}; {advice}",
            f"classes 'Cats' and 'cats' {where}; {advice}",
        ]

    @pytest.mark.parametrize(
        ("first", "second"), [(" cat", "cat"), ("T-Shirt", "t_shirt"), ("a  b", "a b")]
    )
    def test_classes_that_differ_by_a_blank_or_a_hyphen(
        self, tmp_path: Path, first: str, second: str
    ) -> None:
        touch(tmp_path, f"{first}/1.jpg", f"{second}/1.jpg")
        (finding,) = findings_of(open_classes(tmp_path))
        assert "differ only by case, blanks, hyphens or underscores" in finding
        (tmp_path / first).rename(tmp_path / "another")
        assert findings_of(open_classes(tmp_path)) == []

    @pytest.mark.parametrize(("first", "second"), [("1-0", "10"), ("cat", "cats"), ("a", "b")])
    def test_classes_that_are_not_the_same(self, tmp_path: Path, first: str, second: str) -> None:
        touch(tmp_path, f"{first}/1.jpg", f"{second}/1.jpg")
        assert findings_of(open_classes(tmp_path)) == []


class TestFoldersOfOneName:
    LEAF = SourceOptions(layout="leaf")

    def test_are_told_where_each_innermost_folder_is_a_class(self, tmp_path: Path) -> None:
        touch(tmp_path, "a/cats/1.jpg", "b/cats/1.jpg", "a/dogs/1.jpg", "b/birds/x/1.jpg")
        text = (
            "1 class is of several folders that have one name (a/cats and b/cats); "
            "rename the folders that are not the same class"
        )
        assert text in findings_of(open_source(".", tmp_path, self.LEAF))
        (tmp_path / "b" / "cats").rename(tmp_path / "b" / "lions")
        assert text not in findings_of(open_source(".", tmp_path, self.LEAF))

    def test_are_not_those_of_two_splits(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/a/cats/1.jpg", "test/a/cats/2.jpg", "train/a/dogs/1.jpg")
        for ignore in (False, True):
            dataset = open_source(".", tmp_path, self.LEAF, ignore_existing=ignore)
            assert "several folders" not in "".join(findings_of(dataset))
