"""Compressed tars: unpacked once, whole or not at all, and only into the cache."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from augbuild.core.files import hold_lock, user_cache
from augbuild.errors import SourceError
from augbuild.sources.archives import inflate as module
from augbuild.sources.archives.inflate import find_compression, inflate
from augbuild.sources.archives.members import HARMLESS_BYTES

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("kind", PACK)
def test_each_compression(tmp_path: Path, kind: str) -> None:
    packed = tmp_path / "x"
    packed.write_bytes(PACK[kind](b"a tar" * 1000))
    assert find_compression(packed.read_bytes()[:16]) == kind
    target = inflate(packed, kind)
    assert target.parent == user_cache("archives")
    assert target.read_bytes() == b"a tar" * 1000
    assert not list(user_cache("archives").glob("*.partial"))


def test_a_plain_file_is_not_compressed() -> None:
    assert find_compression(b"cats/1.jpg\0\0") is None


def test_it_is_unpacked_once_until_it_changes(tmp_path: Path) -> None:
    packed = tmp_path / "x.tgz"
    packed.write_bytes(gzip.compress(b"one"))
    first = inflate(packed, "gzip")
    first.write_bytes(b"kept")
    assert inflate(packed, "gzip").read_bytes() == b"kept"
    os.utime(packed, ns=(1, 1))
    assert inflate(packed, "gzip").read_bytes() == b"one"


@pytest.mark.parametrize("kind", PACK)
def test_what_is_cut_short_or_damaged_leaves_nothing(tmp_path: Path, kind: str) -> None:
    packed = tmp_path / "x"
    whole = PACK[kind](os.urandom(5000))
    damaged = bytearray(whole)
    damaged[3] = 1
    damaged[2000:2100] = bytes(100)
    for content in (whole[:-100], bytes(damaged)):
        packed.write_bytes(content)
        with pytest.raises(SourceError, match="is damaged or cut short; download or pack it again"):
            inflate(packed, kind)
    assert not [path for path in user_cache("archives").iterdir() if path.suffix != ".lock"]


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    packed = tmp_path / "x.tar.bz2"
    # bzip2 packs zeros best, so that this takes a second: a MiB is 45 bytes.
    packed.write_bytes(bz2.compress(bytes(1 << 20)) * (HARMLESS_BYTES // (1 << 20) + 1))
    with pytest.raises(SourceError, match="as archives do that are made to fill disks"):
        inflate(packed, "bzip2")
    assert not [path for path in user_cache("archives").iterdir() if path.suffix != ".lock"]


def test_too_large_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_INFLATED_BYTES", 4)
    packed = tmp_path / "x.tgz"
    packed.write_bytes(gzip.compress(b"12345"))
    with pytest.raises(SourceError, match="unpacks to over 0 GiB; unpack it and give the folder"):
        inflate(packed, "gzip")
    packed.write_bytes(gzip.compress(b"1234"))
    assert inflate(packed, "gzip").read_bytes() == b"1234"


def test_another_process_at_work(tmp_path: Path) -> None:
    packed = tmp_path / "x.tgz"
    packed.write_bytes(gzip.compress(b"one"))
    target = inflate(packed, "gzip")
    target.unlink()
    with (
        hold_lock(target.with_suffix(".lock")),
        pytest.raises(SourceError, match="is being unpacked by another process; wait for it"),
    ):
        inflate(packed, "gzip")


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    (tmp_path / "x.tgz").write_bytes(gzip.compress(b"one"))
    with pytest.raises(SourceError, match=r"cannot be unpacked to .*: .*; fix this, then rerun"):
        inflate(tmp_path / "x.tgz", "gzip")
