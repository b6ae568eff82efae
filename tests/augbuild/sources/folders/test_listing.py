"""What a source has by its names alone."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.core.files import is_safe_path
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.folders.listing import Listing
from tests.augbuild.sources.fixtures import open_classes, touch


def listing_of(*paths: str, options: SourceOptions | None = None) -> Listing:
    listing = Listing(options or SourceOptions())
    for path in paths:
        if not listing.is_hidden(path) and listing.is_image(path):
            listing.images.append(path)
    return listing


def test_each_file_by_its_reason() -> None:
    listing = listing_of(
        "cats/1.jpg", "loose.jpg", "notes.txt", "cats/._1.jpg", "cats/.ipynb_checkpoints/1.jpg",
        ".git/x", "cats/a.GIF", "cats/noextension", "cats/dot.", f"cats/x.{'y' * 20}",
        "cats/x.\x1b[31m", "Thumbs.db",
    )  # fmt: skip
    assert listing.images == ["cats/1.jpg", "loose.jpg"]
    assert {reason: len(paths) for reason, paths in listing.left_out.items()} == {
        "extension .txt": 1,
        "hidden": 3,
        "extension .gif": 1,
        "no extension": 1,
        "of another kind": 3,
        "extension .db": 1,
    }


def test_extensions_are_named_up_to_twelve_characters() -> None:
    listing = listing_of(f"cats/2.{'y' * 11}", f"cats/3.{'y' * 12}", "cats/4.z")
    assert set(listing.left_out) == {f"extension .{'y' * 11}", "extension .z", "of another kind"}


class TestPatterns:
    PATHS = ("cats/1.jpg", "cats/aug_1.jpg", "dogs/x/aug_2.jpg", "dogs/3.jpg", "aug_cats/4.jpg")

    def test_exclude_matches_names_and_paths(self) -> None:
        listing = listing_of(*self.PATHS, options=SourceOptions(exclude=("aug_*.jpg", "dogs/3*")))
        assert listing.images == ["cats/1.jpg"]
        assert listing.left_out["excluded"] == [*self.PATHS[1:]]

    def test_a_star_goes_through_folders(self) -> None:
        listing = listing_of(*self.PATHS, options=SourceOptions(exclude=("dogs/*",)))
        assert listing.left_out["excluded"] == ["dogs/x/aug_2.jpg", "dogs/3.jpg"]

    def test_include_takes_nothing_else(self) -> None:
        options = SourceOptions(include=("cats/*", "*/3.jpg"), exclude=("aug_*",))
        listing = listing_of(*self.PATHS, options=options)
        assert listing.images == ["cats/1.jpg", "dogs/3.jpg"]

    def test_case_matters(self) -> None:
        listing = listing_of("cats/1.JPG", "cats/2.jpg", options=SourceOptions(exclude=("*.jpg",)))
        assert listing.images == ["cats/1.JPG"]

    def test_those_that_match_nothing_are_known(self) -> None:
        options = SourceOptions(include=("*", "x"), exclude=("aug_*", "nothing*"))
        listing = listing_of(*self.PATHS, options=options)
        assert listing.unused_patterns() == ['include = ["x"]', 'exclude = ["nothing*"]']

    def test_what_is_excluded_is_not_counted_as_anything_else(self) -> None:
        listing = listing_of("cats/1.txt", options=SourceOptions(exclude=("*.txt",)))
        assert set(listing.left_out) == {"excluded"}


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "a\nb", "a\tb", "\x1b[31mred", "-rf", "=1+1", "'\",;", "a b ", "\u202etxt", "😀",
            "e\u0301", "%20", "~", "x" * 250,
        ],
    )  # fmt: skip
    def test_odd_names_round_trip(self, tmp_path: Path, name: str) -> None:
        touch(tmp_path, f"{name}/{name}.jpg")
        dataset = open_classes(tmp_path)
        assert dataset.rejected == ()
        (source,) = dataset.sources
        assert (source.path, source.label) == (f"{name}/{name}.jpg", name)
        assert (dataset.root / source.path).is_file()

    def test_what_no_manifest_could_name_is_rejected(self) -> None:
        listing = listing_of(
            "cats/1.jpg",
            "cats/a\\b.jpg",
            "C:/1.jpg",
            os.fsdecode(b"cats/caf\xe9.jpg"),
            os.fsdecode(b"cats/caf\xe9.txt"),
        )
        assert listing.images == ["cats/1.jpg"]
        assert {each.source: each.message for each in listing.rejected.values()} == {
            "C:/1.jpg": "the name starts like a drive; rename it",
            "cats/a\\b.jpg": "the name holds a backslash, as in archives made on Windows; "
            "unpack them again with unzip, which makes folders, or rename it",
            "cats/caf\\xe9.jpg": "the name is not valid UTF-8; rename it",
        }
        assert {each.reason for each in listing.rejected.values()} == {"bad_name"}
        assert set(listing.left_out) == {"extension .txt"}

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
        dataset = open_classes(root)
        there = Counter(os.fsdecode(entry.name) for entry in os.scandir(root / "cats"))
        visible = {f"cats/{name}" for name in there if not name.startswith(".")}
        rejected = {each.source for each in dataset.rejected}
        assert {source.path for source in dataset.sources} | rejected == visible
        assert all(is_safe_path(source.path) for source in dataset.sources)
