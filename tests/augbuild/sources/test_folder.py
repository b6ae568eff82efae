"""Opening a folder: what is a class, a source, and what becomes of everything else."""

from __future__ import annotations

import os
import re
import socket
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.core.files import is_safe_path
from augbuild.errors import SourceError
from augbuild.sources.dataset import Source, SourceOptions
from augbuild.sources.folder import open_folder
from augbuild.sources.open import open_source
from tests.augbuild.sources.fixtures import labels, touch
from tests.conftest import photo


class TestClasses:
    def test_the_class_is_the_top_folder_however_deep_an_image_lies(self, tmp_path: Path) -> None:
        touch(tmp_path, "dogs/1.jpg", "cats/b.png", "cats/a/x/1.webp", "cats/.x/2.jpg")
        dataset = open_source(".", tmp_path)
        assert labels(dataset) == {
            "cats/a/x/1.webp": "cats",
            "cats/b.png": "cats",
            "dogs/1.jpg": "dogs",
        }
        assert dataset.classes == ("cats", "dogs")
        assert dataset.sources[0] == Source("cats/a/x/1.webp", "cats", "", None, None)
        assert not dataset.is_split

    def test_sources_are_sorted_by_path_whatever_the_order_of_creation(
        self, tmp_path: Path
    ) -> None:
        names = [
            "a/b.jpg",
            "a/b/c.jpg",
            "a-/1.jpg",
            "a/B.jpg",
            "a/é.jpg",
            "a/😀.jpg",
            "a/\ue000.jpg",
        ]
        first, second = touch(tmp_path / "1", *names), touch(tmp_path / "2", *reversed(names))
        found = open_source("1", tmp_path).sources
        assert [source.path for source in found] == sorted(names, key=str.encode)
        assert found == open_source("2", tmp_path).sources, (first, second)

    def test_same_classes_as_torchvision(self, tmp_path: Path) -> None:
        names = ["b", "B", "a10", "a2", "é", "Z", "train"]
        touch(tmp_path, *(f"{name}/1.jpg" for name in names))
        assert list(open_source(".", tmp_path).classes) == sorted(names)

    def test_an_empty_class_folder_is_left_out_with_a_warning(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "dogs/1.gif")
        (tmp_path / "birds" / "young").mkdir(parents=True)
        dataset = open_source(".", tmp_path)
        assert dataset.classes == ("cats",)
        assert tuple(each.text() for each in dataset.findings) == (
            "birds has no images and is left out",
            "dogs has no images and is left out",
        )

    def test_an_empty_class_folder_in_one_split(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/cats/1.jpg", "train/dogs/1.jpg", "test/cats/2.jpg")
        (tmp_path / "test" / "dogs").mkdir()
        dataset = open_source(".", tmp_path)
        assert dataset.classes == ("cats", "dogs")
        assert tuple(each.text() for each in dataset.findings) == (
            "test/dogs has no images and is left out",
        )

    def test_classes_that_some_file_systems_take_for_one(self, tmp_path: Path) -> None:
        touch(tmp_path, "Cats/1.jpg", "cats/1.jpg", "cafe\u0301/1.jpg", "caf\xe9/1.jpg")
        dataset = open_source(".", tmp_path)
        assert len(dataset.classes) == 4
        where = "share one folder on file systems that ignore case (macOS, Windows)"
        assert tuple(each.text() for each in dataset.findings) == (
            f"classes 'cafe\u0301' and 'caf\xe9' {where}",
            f"classes 'Cats' and 'cats' {where}",
        )

    def test_a_class_whose_images_were_all_rejected_is_still_a_class(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg").joinpath("dogs").mkdir()
        (tmp_path / "dogs" / "1.jpg").symlink_to("nowhere")
        dataset = open_source(".", tmp_path)
        assert dataset.classes == ("cats", "dogs")
        assert tuple(each.text() for each in dataset.findings) == ()


class TestSplits:
    @pytest.mark.parametrize("named", ["val", "validation", "Validation"])
    def test_split_folders(self, tmp_path: Path, named: str) -> None:
        touch(
            tmp_path,
            "Train/cats/1.jpg",
            "Train/dogs/x/2.jpg",
            "test/cats/1.jpg",
            f"{named}/dogs/1.jpg",
            "LICENSE",
        )
        dataset = open_source(".", tmp_path)
        assert dataset.is_split
        assert {(s.folder, s.key, s.label, s.split) for s in dataset.sources} == {
            ("Train", "cats/1.jpg", "cats", "train"),
            ("Train", "dogs/x/2.jpg", "dogs", "train"),
            ("test", "cats/1.jpg", "cats", "test"),
            (named, "dogs/1.jpg", "dogs", "validation"),
        }
        assert all((tmp_path / source.path).is_file() for source in dataset.sources)

    def test_classes_are_those_of_all_splits(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/b/1.jpg", "test/a/1.jpg", "val/c/1.jpg")
        assert open_source(".", tmp_path).classes == ("a", "b", "c")

    def test_splits_may_be_passed_over(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/cats/1.jpg", "test/cats/1.jpg")
        dataset = open_source(".", tmp_path, ignore_existing=True)
        assert labels(dataset) == {"train/cats/1.jpg": "cats", "test/cats/1.jpg": "cats"}
        assert {(s.folder, s.split) for s in dataset.sources} == {("", None)}
        assert not dataset.is_split

    def test_without_train_they_may_still_be_passed_over(self, tmp_path: Path) -> None:
        touch(tmp_path, "val/cats/1.jpg", "test/cats/1.jpg")
        assert open_source(".", tmp_path, ignore_existing=True).classes == ("cats",)

    @pytest.mark.parametrize("ignore_existing", [False, True])
    def test_a_class_called_train(self, tmp_path: Path, ignore_existing: bool) -> None:
        touch(tmp_path, "train/1.jpg", "test/1.jpg", "bus/1.jpg", "train/more/2.jpg")
        dataset = open_source(".", tmp_path, ignore_existing=ignore_existing)
        assert dataset.classes == ("bus", "test", "train")
        assert not dataset.is_split

    def test_a_class_called_train_in_a_split(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/train/1.jpg", "train/bus/1.jpg", "test/train/2.jpg")
        dataset = open_source(".", tmp_path)
        assert dataset.classes == ("bus", "train")
        assert [(s.path, s.split) for s in dataset.sources] == [
            ("test/train/2.jpg", "test"),
            ("train/bus/1.jpg", "train"),
            ("train/train/1.jpg", "train"),
        ]

    def test_folders_without_images_beside_splits(self, tmp_path: Path) -> None:
        touch(
            tmp_path,
            "train/cats/1.jpg",
            "test/cats/1.jpg",
            "docs/a/notes.txt",
            ".cache/1.jpg",
            "train/sheet.jpg",
        )
        dataset = open_source(".", tmp_path)
        assert dataset.is_split
        assert dataset.ignored == {"extension .txt": 1, "hidden": 1, "not in a class folder": 1}


class TestWhatIsIgnored:
    def test_each_by_its_reason(self, tmp_path: Path) -> None:
        touch(
            tmp_path,
            *(
                "cats/1.jpg",
                "loose.jpg",
                "notes.txt",
                "cats/._1.jpg",
                "cats/.ipynb_checkpoints/1.jpg",
                ".git/x",
            ),
            *(
                "cats/a.GIF",
                "cats/noextension",
                "cats/dot.",
                f"cats/x.{'y' * 20}",
                "cats/x.\x1b[31m",
                "Thumbs.db",
            ),
        )
        dataset = open_source(".", tmp_path)
        assert list(dataset.ignored.items()) == [
            ("extension .db", 1),
            ("extension .gif", 1),
            ("extension .txt", 1),
            ("hidden", 3),
            ("not in a class folder", 1),
            ("of another kind", 4),
        ]

    def test_extensions_are_named_up_to_twelve_characters(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", f"cats/2.{'y' * 11}", f"cats/3.{'y' * 12}", "cats/4.z")
        assert open_source(".", tmp_path).ignored == {
            f"extension .{'y' * 11}": 1,
            "extension .z": 1,
            "of another kind": 1,
        }

    def test_every_extension_of_torchvision_in_any_case(self, tmp_path: Path) -> None:
        names = [
            "1.jpg",
            "2.JPEG",
            "3.Png",
            "4.ppm",
            "5.BMP",
            "6.pgm",
            "7.tif",
            "8.tiff",
            "9.WebP",
            "a.b.jpg",
        ]
        touch(tmp_path, *(f"cats/{name}" for name in names))
        assert [source.key for source in open_source(".", tmp_path).sources] == [
            f"cats/{name}" for name in names
        ]

    def test_nothing_special_is_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        touch(tmp_path, "cats/1.jpg")
        os.mkfifo(tmp_path / "cats" / "pipe.jpg")
        monkeypatch.chdir(tmp_path / "cats")  # a socket's path must be short
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind("socket.jpg")
            dataset = open_source(".", tmp_path)
        assert len(dataset.sources) == 1
        assert dataset.ignored == {"not a regular file": 2}


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "a\nb",
            "a\tb",
            "\x1b[31mred",
            "-rf",
            "=1+1",
            "'\",;",
            "a b ",
            "\u202etxt",
            "😀",
            "e\u0301",
            "%20",
            "~",
            "x" * 250,
        ],
    )
    def test_odd_names_round_trip(self, tmp_path: Path, name: str) -> None:
        touch(tmp_path, f"{name}/{name}.jpg")
        dataset = open_source(".", tmp_path)
        assert dataset.rejected == ()
        (source,) = dataset.sources
        assert (source.path, source.label) == (f"{name}/{name}.jpg", name)
        assert (dataset.root / source.path).is_file()

    def test_what_no_manifest_could_name_is_rejected(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "cats/a\\b.jpg", "C:/1.jpg")
        touch(
            tmp_path,
            os.fsdecode(b"cats/caf\xe9.jpg"),
            os.fsdecode(b"cats/caf\xe9.txt"),
            os.fsdecode(b"d\xff/1.jpg"),
        )
        (tmp_path / os.fsdecode(b"empty\xff")).mkdir()
        dataset = open_source(".", tmp_path)
        assert [source.key for source in dataset.sources] == ["cats/1.jpg"]
        assert dataset.classes == ("cats",)
        assert {(each.source, each.reason) for each in dataset.rejected} == {
            ("C:/1.jpg", "bad_name"),
            ("cats/a\\b.jpg", "bad_name"),
            ("cats/caf\\xe9.jpg", "bad_name"),
            ("d\\xff/1.jpg", "bad_name"),
        }
        assert dataset.rejected[0].message == (
            "the name is not valid UTF-8, holds a backslash or starts like a drive; rename it"
        )
        assert dataset.ignored == {"extension .txt": 1}
        assert tuple(each.text() for each in dataset.findings) == (
            "empty\\xff has no images and is left out",
        )

    @given(
        st.lists(
            st.text(
                st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20
            ),
            max_size=6,
        )
    )
    def test_no_image_disappears(
        self, tmp_path_factory: pytest.TempPathFactory, names: list[str]
    ) -> None:
        root = touch(
            tmp_path_factory.mktemp("source"),
            "cats/known.jpg",
            *(f"cats/{name}.jpg" for name in names),
        )
        dataset = open_source(".", root)
        there = {os.fsdecode(entry.name) for entry in os.scandir(root / "cats")}
        visible = {f"cats/{name}" for name in there if not name.startswith(".")}
        assert {source.path for source in dataset.sources} | {
            each.source for each in dataset.rejected
        } == visible
        assert all(is_safe_path(source.path) for source in dataset.sources)


class TestLinks:
    def test_files_are_followed(self, tmp_path: Path) -> None:
        touch(tmp_path, "photos/cats/1.jpg", "elsewhere/2.jpg")
        (tmp_path / "photos" / "cats" / "2.jpg").symlink_to("../../elsewhere/2.jpg")
        assert len(open_source("photos", tmp_path).sources) == 2

    def test_broken_and_circular_ones_are_rejected(self, tmp_path: Path) -> None:
        cats = touch(tmp_path, "cats/1.jpg") / "cats"
        (cats / "2.jpg").symlink_to("nowhere")
        (cats / "3.jpg").symlink_to("3.jpg")
        (cats / "4").symlink_to("4")
        dataset = open_source(".", tmp_path)
        assert [(each.source, each.reason, each.message) for each in dataset.rejected] == [
            (f"cats/{name}.jpg", "unreadable", "a link to nothing that can be read")
            for name in (2, 3)
        ]
        assert dataset.ignored == {"of another kind": 1}

    def test_folders_only_where_asked_for(self, tmp_path: Path) -> None:
        touch(tmp_path, "photos/cats/1.jpg", "elsewhere/dogs/2.jpg")
        (tmp_path / "photos" / "dogs").symlink_to("../elsewhere/dogs")
        plain = open_source("photos", tmp_path)
        assert (plain.classes, plain.ignored) == (("cats",), {"link to a folder": 1})
        followed = open_source("photos", tmp_path, SourceOptions(follow_links=True))
        assert (followed.classes, followed.ignored) == (("cats", "dogs"), {})

    @pytest.mark.parametrize("target", ["..", ".", "../..", "../dogs"])
    def test_loops_end(self, tmp_path: Path, target: str) -> None:
        root = touch(tmp_path / "photos", "cats/1.jpg", "dogs/1.jpg")
        (root / "cats" / "loop").symlink_to(target)
        (root / "dogs" / "loop").symlink_to("../cats")
        dataset = open_source("photos", tmp_path, SourceOptions(follow_links=True))
        assert 3 <= len(dataset.sources) <= 4
        assert dataset.ignored["link to a folder"] >= 1

    def test_the_root_may_be_a_link(self, tmp_path: Path) -> None:
        touch(tmp_path, "photos/cats/1.jpg")
        (tmp_path / "link").symlink_to("photos")
        assert open_source("link", tmp_path).identity == str((tmp_path / "photos").resolve())


class TestReading:
    def test_a_folder_that_may_not_be_read(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "cats/closed/2.jpg")
        closed = tmp_path / "cats" / "closed"
        closed.chmod(0)
        try:
            if os.access(closed, os.R_OK):  # root reads everything
                pytest.skip("root reads what is closed")
            with pytest.raises(SourceError, match=r"cats/closed cannot be read: Permission denied"):
                open_source(".", tmp_path)
        finally:
            closed.chmod(0o700)

    def test_a_folder_that_goes_while_it_is_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        touch(tmp_path, "cats/1.jpg")
        scandir = os.scandir

        def fails_below(path: Path) -> object:
            if Path(path) != tmp_path:
                raise FileNotFoundError(2, "No such file or directory")
            return scandir(path)

        monkeypatch.setattr(os, "scandir", fails_below)
        with pytest.raises(
            SourceError, match=rf"^{re.escape(str(tmp_path))}/cats cannot be read: No such file"
        ):
            open_folder(tmp_path)


def test_nothing_in_the_source_is_touched(tmp_path: Path) -> None:
    file = photo(tmp_path / "cats" / "1.png", 1)
    os.utime(file, ns=(1, 1))
    open_source(".", tmp_path)
    assert file.stat().st_mtime_ns == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["cats", "1.png"]


def test_real_photos(shared_data: Path) -> None:
    started = time.perf_counter()
    dataset = open_source("cats-dogs", shared_data)
    assert time.perf_counter() - started < 0.5
    assert Counter((source.split, source.label) for source in dataset.sources) == {
        ("train", "cats"): 279,
        ("train", "dogs"): 278,
        ("test", "cats"): 70,
        ("test", "dogs"): 70,
    }
    assert (dataset.rejected, dataset.ignored, tuple(each.text() for each in dataset.findings)) == (
        (),
        {},
        (),
    )


def test_bad_files(shared_data: Path) -> None:
    dataset = open_source("nasty", shared_data)
    assert len(dataset.sources) == 278
    assert dataset.ignored["extension .gif"] == 37
    assert sum(dataset.ignored.values()) == 79
