"""Originals in a tar archive: read in place; each fault has its reason."""

from __future__ import annotations

import os
import pickle
import tarfile
from pathlib import Path

import pytest

from augbuild.core.files import NO_FILE, stamp_of
from augbuild.errors import ImageError, SourceError
from augbuild.sources.archives.members import Member
from augbuild.sources.archives.tars import TarOriginals
from tests.augbuild.sources.archives.packing import TWO, add_file, pack_tar


def opened(path: Path) -> TarOriginals:
    return TarOriginals(path, path)


def test_members_are_read_in_place(tmp_path: Path) -> None:
    originals = opened(pack_tar(tmp_path / "x.tar", TWO))
    assert originals.read("cats/1.jpg") == b"one"
    assert originals.read_start("dogs/2.jpg", 2) == b"tw"
    assert originals.local_path("cats/1.jpg") is None
    assert pickle.loads(pickle.dumps(originals)).read("dogs/2.jpg") == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


def test_names_as_tar_writes_them_from_within_a_folder(tmp_path: Path) -> None:
    originals = opened(pack_tar(tmp_path / "x.tar", {"./cats/1.jpg": b"one"}))
    assert originals.read("cats/1.jpg") == b"one"


def test_the_stamp_is_the_archives_and_the_size_the_members(tmp_path: Path) -> None:
    tar = pack_tar(tmp_path / "x.tar", TWO)
    packed = tmp_path / "x.tgz"
    packed.touch()
    os.utime(packed, ns=(1, 1_000_000_007))
    originals = TarOriginals(packed, tar)
    assert originals.stat("dogs/2.jpg") == stamp_of(packed)._replace(size=3)
    assert originals.stat("dogs/2.jpg").mtime_ns == 1_000_000_007
    assert originals.stat("cats/9.jpg") == NO_FILE


def test_a_changed_archive_is_read_anew(tmp_path: Path) -> None:
    originals = opened(pack_tar(tmp_path / "x.tar", TWO))
    assert originals.read("cats/1.jpg") == b"one"
    pack_tar(tmp_path / "x.tar", {"cats/1.jpg": b"another"})
    os.utime(tmp_path / "x.tar", ns=(5, 5))
    assert originals.read("cats/1.jpg") == b"another"
    with pytest.raises(ImageError, match="not in the archive any more"):
        originals.read("dogs/2.jpg")


def test_members_with_their_kinds_the_last_first(tmp_path: Path) -> None:
    kinds = {
        "folder": tarfile.DIRTYPE,
        "symlink": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE,
        "pipe": tarfile.FIFOTYPE,
        "device": tarfile.CHRTYPE,
    }
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        add_file(archive, "1.jpg", b"one")
        add_file(archive, "1.jpg", b"second")
        for name, kind in kinds.items():
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = "/etc/passwd"
            archive.addfile(info)
    originals = opened(tmp_path / "x.tar")
    assert originals.members() == [
        Member("device", "special"), Member("pipe", "special"), Member("hardlink", "link"),
        Member("symlink", "link"), Member("folder", "folder"), Member("1.jpg", "file", 6),
        Member("1.jpg", "file", 3),
    ]  # fmt: skip
    assert originals.read("1.jpg") == b"second"
    with pytest.raises(ImageError, match="not in the archive"):
        originals.read("symlink")


def test_a_sparse_member(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo("1.jpg")
        info.type = tarfile.GNUTYPE_SPARSE
        archive.addfile(info)
    (member,) = opened(tmp_path / "x.tar").members()
    assert member.problem == "is a sparse file; unpack the archive and give the folder"


def test_an_empty_member(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="the file is empty") as empty:
        opened(pack_tar(tmp_path / "x.tar", {"1.jpg": b""})).read("1.jpg")
    assert empty.value.reason == "empty"


@pytest.mark.parametrize("content", [b"", b"no tar archive at all" * 100, None])
def test_what_is_no_whole_tar_archive(tmp_path: Path, content: bytes | None) -> None:
    path = pack_tar(tmp_path / "x.tar", {"1.jpg": b"1" * 5000})
    path.write_bytes(path.read_bytes()[:2000] if content is None else content)
    with pytest.raises(SourceError, match="is not a tar archive, or it is damaged; download or"):
        opened(path).members()
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        opened(path).members()
