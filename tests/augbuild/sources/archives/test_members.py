"""Members of an archive: listed as a folder's files are, and none believed by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.archives.members import (
    HARMLESS_BYTES,
    LINK_INSIDE,
    MAX_RATIO,
    REPLACED,
    Member,
    find_oddities,
    list_members,
    plain_name,
    refuse_bomb,
    refuse_unusable,
)
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.folders.listing import HIDDEN, NOT_REGULAR

OUT = "the name leads out of the archive (..); pack the archive again from one folder"
BACKSLASH = (
    "the name holds a backslash, as in archives made on Windows; "
    "unpack them again with unzip, which makes folders, or rename it"
)


@pytest.mark.parametrize(
    ("name", "path"),
    [("cats/1.jpg", "cats/1.jpg"), ("./cats/1.jpg", "cats/1.jpg"), ("././a", "a"), ("./", ""),
     (".hidden/1.jpg", ".hidden/1.jpg"), ("cats/", "cats"), ("../1.jpg", "../1.jpg"),
     ("/1.jpg", "/1.jpg")],
)  # fmt: skip
def test_names_without_what_packers_add(name: str, path: str) -> None:
    assert plain_name(name) == path


def test_images_and_folders_as_of_a_folder() -> None:
    members = [
        Member(".", "folder"),
        Member("./dogs/b/2.jpg", "file"),
        Member("./cats/1.PNG", "file"),
        Member("./birds/", "folder"),
        Member("./notes.txt", "file"),
    ]
    listing = list_members(members, SourceOptions())
    assert listing.images == ["cats/1.PNG", "dogs/b/2.jpg"]
    assert listing.folders == {"birds", "cats", "dogs", "dogs/b"}
    assert listing.left_out == {"extension .txt": ["notes.txt"]}
    assert not listing.rejected


def test_options_choose_among_members() -> None:
    members = [Member("cats/1.jpg", "file"), Member("old/2.jpg", "file")]
    assert list_members(members, SourceOptions(exclude=("old/*",))).images == ["cats/1.jpg"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../1.jpg", OUT),
        ("a/../../1.jpg", OUT),
        ("/etc/1.jpg", "the name is absolute; pack the archive again with relative names"),
        ("a\\1.jpg", BACKSLASH),
        ("C:/1.jpg", "the name starts like a drive; rename it"),
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_rejected(name: str, why: str) -> None:
    listing = list_members([Member(name, "file"), Member("a/2.jpg", "file")], SourceOptions())
    (rejected,) = listing.rejected.values()
    assert (rejected.source, rejected.reason, rejected.message) == (name, "bad_name", why)
    assert listing.images == ["a/2.jpg"]


def test_other_names_that_lead_elsewhere_are_no_images() -> None:
    members = [Member("../run.sh", "file"), Member("../up", "folder"), Member("/x.jpg", "link")]
    listing = list_members(members, SourceOptions())
    assert (listing.rejected, listing.images, listing.folders) == ({}, [], set())


def test_what_macos_adds_is_hidden() -> None:
    members = [Member("__MACOSX/cats/._1.jpg", "file"), Member("cats/.DS_Store", "file")]
    listing = list_members(members, SourceOptions())
    assert listing.left_out == {HIDDEN: ["__MACOSX/cats/._1.jpg", "cats/.DS_Store"]}
    assert not listing.folders


def test_links_devices_and_replaced_members_are_left_out() -> None:
    members = [
        Member("a/1.jpg", "file", 3),
        Member("a/1.jpg", "file", 2),
        Member("a/2.jpg", "link"),
        Member("a/3.jpg", "link"),
        Member("a/4.jpg", "special"),
    ]
    listing = list_members(members, SourceOptions())
    assert listing.images == ["a/1.jpg"]
    assert listing.left_out == {
        REPLACED: ["a/1.jpg"], LINK_INSIDE: ["a/2.jpg", "a/3.jpg"], NOT_REGULAR: ["a/4.jpg"],
    }  # fmt: skip
    assert [finding.text() for finding in find_oddities(listing)] == [
        "2 links in the archive are left out (a/2.jpg, a/3.jpg); unpack the archive and give the "
        "folder to follow them",
        "1 member has the name of a later one, which is read instead (a/1.jpg); "
        "pack the archive anew",
    ]


def test_nothing_odd() -> None:
    assert not find_oddities(list_members([Member("a/1.jpg", "file")], SourceOptions()))


def test_an_image_with_a_problem_is_rejected_and_another_file_is_not() -> None:
    members = [Member("a/1.jpg", "file", 1, "is odd"), Member("a/x.txt", "file", 1, "is odd")]
    listing = list_members(members, SourceOptions())
    (rejected,) = listing.rejected.values()
    assert (rejected.source, rejected.reason, rejected.message) == (
        "a/1.jpg", "unreadable", "is odd",
    )  # fmt: skip
    with pytest.raises(SourceError, match=r"^x\.zip has no image that can be read: each is odd$"):
        refuse_unusable(Path("x.zip"), listing, members)


def test_some_images_with_a_problem_do_not_stop() -> None:
    members = [Member("a/1.jpg", "file", 1, "is odd"), Member("a/2.jpg", "file")]
    refuse_unusable(Path("x.zip"), list_members(members, SourceOptions()), members)
    refuse_unusable(Path("x.zip"), list_members([], SourceOptions()), [])


def test_bombs_are_large_by_size_and_by_ratio() -> None:
    packed = HARMLESS_BYTES // MAX_RATIO + 1
    refuse_bomb(Path("x"), HARMLESS_BYTES, 1)
    refuse_bomb(Path("x"), packed * MAX_RATIO, packed)
    with pytest.raises(SourceError, match=r"^x unpacks to over 200 times its size"):
        refuse_bomb(Path("x"), packed * MAX_RATIO + 1, packed)
