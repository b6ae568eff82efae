"""Originals in a zip archive: read in place; each fault has its reason."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from augbuild.core.files import NO_FILE, stamp_of
from augbuild.errors import ImageError, SourceError
from augbuild.sources.archives.members import Member
from augbuild.sources.archives.zips import ZipOriginals
from tests.augbuild.sources.archives.packing import TWO, pack_zip


def test_members_are_read_in_place(tmp_path: Path) -> None:
    originals = ZipOriginals(pack_zip(tmp_path / "x.zip", TWO))
    assert originals.read("cats/1.jpg") == b"one"
    assert originals.read_start("dogs/2.jpg", 2) == b"tw"
    assert originals.local_path("cats/1.jpg") is None
    assert pickle.loads(pickle.dumps(originals)).read("dogs/2.jpg") == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_the_stamp_is_the_archives_and_the_size_the_members(tmp_path: Path) -> None:
    originals = ZipOriginals(pack_zip(tmp_path / "x.zip", TWO))
    os.utime(originals.root, ns=(1, 1_000_000_007))
    assert originals.stat("cats/1.jpg") == stamp_of(originals.root)._replace(size=3)
    assert originals.stat("cats/1.jpg").mtime_ns == 1_000_000_007
    assert originals.stat("cats/9.jpg") == NO_FILE


def test_a_changed_archive_is_opened_anew(tmp_path: Path) -> None:
    originals = ZipOriginals(pack_zip(tmp_path / "x.zip", TWO))
    assert originals.read("cats/1.jpg") == b"one"
    pack_zip(tmp_path / "x.zip", {"cats/1.jpg": b"another"})
    assert originals.read("cats/1.jpg") == b"another"
    with pytest.raises(ImageError, match="not in the archive any more"):
        originals.read("dogs/2.jpg")


def test_members_with_their_kinds(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.mkdir("cats")
        for name, mode in (("link", 0o120777), ("pipe", 0o010644), ("file", 0o100644)):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, b"x")
    assert ZipOriginals(tmp_path / "x.zip").members() == [
        Member("file", "file", 1), Member("pipe", "special", 1), Member("link", "link", 1),
        Member("cats/", "folder"),
    ]  # fmt: skip


def test_names_are_utf_8_also_without_the_flag(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "x.zip", {"caf\xe9/1.jpg": b"one"})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset + 1] = 0
    path.write_bytes(data)
    assert ZipOriginals(path).members()[0].name == "caf\xe9/1.jpg"
    assert ZipOriginals(path).read("caf\xe9/1.jpg") == b"one"


def test_names_of_old_dos_stay_as_they_are(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "x.zip", {"caf@/1.jpg": b"one"})
    path.write_bytes(path.read_bytes().replace(b"caf@", b"caf\x82"))
    assert ZipOriginals(path).read("caf\xe9/1.jpg") == b"one"


def _patch(path: Path, local: int, central: int, value: int) -> Path:
    """Write a 16-bit number into both headers of the first member."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, local, value)
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + central, value)
    path.write_bytes(data)
    return path


def test_encrypted_members(tmp_path: Path) -> None:
    path = _patch(pack_zip(tmp_path / "x.zip", {"a/1.jpg": b"one"}), 6, 8, 1)
    (member,) = ZipOriginals(path).members()
    why = "is encrypted; unpack the archive with its password and give the folder"
    assert member == Member("a/1.jpg", "file", 3, why)
    with pytest.raises(ImageError, match=r"is damaged in the archive: .*password required"):
        ZipOriginals(path).read("a/1.jpg")


def test_methods_that_are_not_read(tmp_path: Path) -> None:
    path = _patch(pack_zip(tmp_path / "x.zip", {"a/1.jpg": b"one"}), 8, 10, 9)
    (member,) = ZipOriginals(path).members()
    assert member.problem == (
        "is packed by a method that is not read (number 9); unpack the archive and give the folder"
    )
    with pytest.raises(ImageError, match="is damaged in the archive"):
        ZipOriginals(path).read("a/1.jpg")


def test_an_empty_and_a_damaged_member(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/1.jpg", b"")
        archive.writestr("a/2.jpg", b"photo")
    path = tmp_path / "x.zip"
    path.write_bytes(path.read_bytes().replace(b"photo", b"phoho"))
    originals = ZipOriginals(path)
    with pytest.raises(ImageError, match="the file is empty") as empty:
        originals.read("a/1.jpg")
    assert empty.value.reason == "empty"
    with pytest.raises(ImageError, match="is damaged in the archive: Bad CRC-32") as damaged:
        originals.read("a/2.jpg")
    assert damaged.value.reason == "unreadable"


@pytest.mark.parametrize("keep", [0, 10, -5])
def test_what_is_no_zip_archive(tmp_path: Path, keep: int) -> None:
    path = pack_zip(tmp_path / "x.zip", TWO)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SourceError, match="is not a zip archive, or it is damaged; download or"):
        ZipOriginals(path).members()
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        ZipOriginals(path).members()
