"""Archives as sources: as the same folder would be, and hostile ones in a sentence."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.archives.open import ARCHIVE_EXTENSIONS, open_archive
from augbuild.sources.folder import open_folder
from augbuild.sources.open import open_source
from tests.augbuild.sources.archives.packing import PHOTOS, TWO, add_file, pack, pack_tar, pack_zip

EXTENSIONS = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".TGZ"]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_archive_is_as_its_folder(tmp_path: Path, extension: str) -> None:
    assert extension.lower() in ARCHIVE_EXTENSIONS
    files = {**PHOTOS, "readme.txt": b"x"}
    for name, data in files.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    archive = pack(tmp_path / f"x{extension}", files)
    dataset = open_source(archive.name, tmp_path)
    folder = open_folder(tmp_path / "folder")
    assert dataset.root == archive
    assert dataset.identity == str(archive.resolve())
    assert (dataset.sources, dataset.classes, dataset.ignored, dataset.findings) == (
        folder.sources, folder.classes, folder.ignored, folder.findings,
    )  # fmt: skip
    assert dataset.is_split
    for source in dataset.sources:
        assert dataset.originals.read(source.path) == PHOTOS[source.path]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "cache") == sorted(
        ["folder", archive.name]
    )


def test_a_tar_may_be_compressed_without_its_name_saying_so(tmp_path: Path) -> None:
    dataset = open_archive(pack_tar(tmp_path / "x.tar", TWO, "w:xz"))
    assert dataset.originals.read("cats/1.jpg") == b"one"


def test_splits_may_be_ignored(tmp_path: Path) -> None:
    pack_zip(tmp_path / "x.zip", PHOTOS)
    assert not open_source("x.zip", tmp_path, ignore_existing=True).is_split


def test_images_without_an_extension_are_seen(tmp_path: Path) -> None:
    pack_zip(tmp_path / "x.zip", {**TWO, "cats/3": b"\xff\xd8\xff and more"})
    (finding,) = open_archive(tmp_path / "x.zip").findings
    assert finding.message == "1 image whose name has no extension is left out"
    assert finding.examples == ("cats/3",)


def test_hostile_members_are_named_and_touch_nothing(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    with tarfile.open(inner / "x.tar", "w") as archive:
        for name, data in {**TWO, "../out.jpg": b"x", "/abs.jpg": b"x", "c\\d.jpg": b"x"}.items():
            add_file(archive, name, data)
        link = tarfile.TarInfo("cats/link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        device = tarfile.TarInfo("cats/device.jpg")
        device.type = tarfile.BLKTYPE
        archive.addfile(device)
    dataset = open_archive(inner / "x.tar")
    assert [source.path for source in dataset.sources] == ["cats/1.jpg", "dogs/2.jpg"]
    assert {each.source: each.reason for each in dataset.rejected} == {
        "../out.jpg": "bad_name", "/abs.jpg": "bad_name", "c\\d.jpg": "bad_name",
    }  # fmt: skip
    assert [finding.text() for finding in dataset.findings] == [
        "1 device, pipe or socket is left out (cats/device.jpg); remove it",
        "1 link in the archive is left out (cats/link.jpg); unpack the archive and give the "
        "folder to follow it",
    ]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [inner / "x.tar"]


def test_a_zip_that_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    zeros = io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.bmp", b"")
    path.write_bytes(zeros.getvalue())
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 24 : central + 28] = (0x7FFFFFFF).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"x\.zip unpacks to over 200 times its size"):
        open_archive(path)


def test_an_archive_all_of_which_is_encrypted(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "x.zip", {"a/1.jpg": b"x"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(SourceError) as error:
        open_archive(path)
    assert str(error.value) == (
        f"{path} has no image that can be read: each is encrypted; "
        "unpack the archive with its password and give the folder"
    )


def test_names_with_backslashes_everywhere(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "x.zip", {"train\\cat\\1.jpg": b"x"})
    with pytest.raises(SourceError, match="has names that hold backslashes"):
        open_archive(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.zip cannot be read: No such file"):
        open_archive(tmp_path / "none.zip")
    os.mkfifo(tmp_path / "x.tar")
    with pytest.raises(SourceError, match=r"x\.tar cannot be read: not a regular file"):
        open_archive(tmp_path / "x.tar")
