"""Walking over a folder: through links, each real folder once, and around what is special."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.folders.listing import Listing
from augbuild.sources.folders.walk import walk_folder
from tests.augbuild.sources.fixtures import touch

FOLLOWED = SourceOptions()
NOT_FOLLOWED = SourceOptions(follow_links=False)


def counts(listing: Listing) -> dict[str, int]:
    return {reason: len(paths) for reason, paths in listing.left_out.items()}


def test_images_are_sorted_and_folders_known(tmp_path: Path) -> None:
    touch(tmp_path, "b/1.jpg", "a/x/1.jpg", "a-/1.jpg", "a/.hidden/1.jpg", "1.jpg")
    listing = walk_folder(tmp_path, FOLLOWED)
    assert listing.images == ["1.jpg", "a-/1.jpg", "a/x/1.jpg", "b/1.jpg"]
    assert listing.folders == {"a", "a-", "a/x", "b"}
    assert listing.left_out == {"hidden": ["a/.hidden"]}


class TestLinks:
    def test_files_and_folders_are_followed(self, tmp_path: Path) -> None:
        root = touch(tmp_path / "photos", "cats/1.jpg")
        touch(tmp_path, "far/2.jpg", "far/dogs/x/3.jpg")
        (root / "cats" / "2.jpg").symlink_to("../../far/2.jpg")
        (root / "dogs").symlink_to("../far/dogs")
        listing = walk_folder(root, FOLLOWED)
        assert listing.images == ["cats/1.jpg", "cats/2.jpg", "dogs/x/3.jpg"]
        assert sorted(listing.links_out) == ["cats/2.jpg", "dogs"]
        assert counts(listing) == {}

    def test_they_are_left_out_on_demand(self, tmp_path: Path) -> None:
        root = touch(tmp_path / "photos", "cats/1.jpg")
        touch(tmp_path, "far/2.jpg")
        (root / "cats" / "2.jpg").symlink_to("../../far/2.jpg")
        (root / "dogs").symlink_to("../far")
        listing = walk_folder(root, NOT_FOLLOWED)
        assert listing.images == ["cats/1.jpg"]
        assert list(listing.left_out) == ["link"]
        assert sorted(listing.left_out["link"]) == ["cats/2.jpg", "dogs"]
        assert listing.links_out == []

    def test_one_within_the_source_does_not_lead_out(self, tmp_path: Path) -> None:
        root = touch(tmp_path / "photos", "cats/1.jpg")
        touch(tmp_path / "photos2", "1.jpg")
        (root / "cats" / "2.jpg").symlink_to("1.jpg")
        (root / "cats" / "3.jpg").symlink_to(tmp_path / "photos2" / "1.jpg")
        listing = walk_folder(root, FOLLOWED)
        assert listing.images == ["cats/1.jpg", "cats/2.jpg", "cats/3.jpg"]
        assert listing.links_out == ["cats/3.jpg"]

    def test_a_real_folder_is_known_by_its_own_path(self, tmp_path: Path) -> None:
        touch(tmp_path, "zebras/1.jpg", "cats/1.jpg")
        (tmp_path / "alias").symlink_to("zebras")
        listing = walk_folder(tmp_path, FOLLOWED)
        assert listing.images == ["cats/1.jpg", "zebras/1.jpg"]
        assert listing.left_out == {"link to a folder that is read already": ["alias"]}

    def test_one_folder_outside_is_read_by_the_first_link_to_it(self, tmp_path: Path) -> None:
        root = touch(tmp_path / "photos", "cats/1.jpg")
        touch(tmp_path, "far/1.jpg")
        for name in ("b", "a", "cats/c"):
            (root / name).symlink_to(tmp_path / "far")
        listing = walk_folder(root, FOLLOWED)
        assert listing.images == ["a/1.jpg", "cats/1.jpg"]
        assert counts(listing) == {"link to a folder that is read already": 2}

    def test_a_folder_within_a_linked_one_is_read_once(self, tmp_path: Path) -> None:
        root = touch(tmp_path / "photos", "cats/1.jpg")
        touch(tmp_path, "far/dogs/1.jpg", "far/birds/1.jpg")
        (root / "a").symlink_to(tmp_path / "far" / "dogs")
        (root / "z").symlink_to(tmp_path / "far")
        listing = walk_folder(root, FOLLOWED)
        assert listing.images == ["a/1.jpg", "cats/1.jpg", "z/birds/1.jpg"]
        assert listing.left_out == {"link to a folder that is read already": ["z/dogs"]}

    @pytest.mark.parametrize("target", ["..", ".", "../..", "../dogs"])
    def test_loops_end(self, tmp_path: Path, target: str) -> None:
        root = touch(tmp_path / "photos", "cats/1.jpg", "dogs/1.jpg")
        (root / "cats" / "loop").symlink_to(target)
        (root / "dogs" / "loop").symlink_to("../cats")
        listing = walk_folder(root, FOLLOWED)
        assert listing.images == ["cats/1.jpg", "dogs/1.jpg"]
        assert listing.left_out["link to a folder that is read already"]

    def test_what_leads_nowhere_is_rejected_or_said(self, tmp_path: Path) -> None:
        cats = touch(tmp_path, "cats/1.jpg") / "cats"
        (cats / "2.jpg").symlink_to("nowhere")
        (cats / "3.JFIF").symlink_to("3.JFIF")
        (cats / "4").symlink_to("4")
        (tmp_path / "dogs").symlink_to("../gone/dogs")
        listing = walk_folder(tmp_path, FOLLOWED)
        found = [(each.source, each.reason, each.message) for each in listing.rejected.values()]
        assert found == [
            (f"cats/{name}", "unreadable", "a link to nothing that can be read")
            for name in ("2.jpg", "3.JFIF")
        ]
        assert {reason: sorted(paths) for reason, paths in listing.left_out.items()} == {
            "broken link": ["cats/4", "dogs"]
        }

    def test_a_hidden_one_is_hidden(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg")
        (tmp_path / ".cache").symlink_to("cats")
        for options in (FOLLOWED, NOT_FOLLOWED):
            assert walk_folder(tmp_path, options).left_out == {"hidden": [".cache"]}


class TestReading:
    def test_nothing_special_is_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        touch(tmp_path, "cats/1.jpg")
        os.mkfifo(tmp_path / "cats" / "pipe.jpg")
        monkeypatch.chdir(tmp_path / "cats")  # a socket's path must be short
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind("socket.jpg")
            listing = walk_folder(tmp_path, FOLLOWED)
        assert listing.images == ["cats/1.jpg"]
        assert counts(listing) == {"not a regular file": 2}

    def test_a_folder_that_may_not_be_read(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.jpg", "cats/closed/2.jpg")
        closed = tmp_path / "cats" / "closed"
        closed.chmod(0)
        try:
            if os.access(closed, os.R_OK):  # root reads everything
                pytest.skip("root reads what is closed")
            with pytest.raises(SourceError, match=r"cats/closed cannot be read: Permission denied"):
                walk_folder(tmp_path, FOLLOWED)
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
            walk_folder(tmp_path, FOLLOWED)
