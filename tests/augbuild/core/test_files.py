"""Files: whole or absent, regular or refused, hashed, locked."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.core.files import (
    NO_FILE,
    UNKNOWN,
    LockedError,
    Stamp,
    hash_bytes,
    hash_file,
    hold_lock,
    is_safe_path,
    is_unicode,
    link_atomic,
    open_regular_file,
    read_regular_file,
    size_and_mtime,
    stamp_of,
    user_cache,
    write_atomic,
)


def test_regular_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular_file(path, 5) == b"12345"
    with open_regular_file(path) as file:
        assert file.readline() == b"12345"


def test_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with pytest.raises(OSError, match="has 5 bytes; at most 4 are read") as caught:
        read_regular_file(path, 4)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))


def _make_fifo(path: Path) -> None:
    os.mkfifo(path)


def _make_folder(path: Path) -> None:
    path.mkdir()


def _link_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_make_fifo, _make_folder, _link_device])
def test_what_is_no_regular_file_does_not_block(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "odd"
    make(path)
    with pytest.raises(OSError) as caught:  # noqa: PT011  # the number is what counts
        read_regular_file(path, 10)
    assert caught.value.errno in {errno.EINVAL, errno.EISDIR}
    assert caught.value.filename == str(path)


def test_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets have 108 bytes at most
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(OSError, match="socket"):
            read_regular_file(Path("socket"), 10)


@given(st.binary())
def test_hashes_are_sha256_in_hex(data: bytes) -> None:
    assert hash_bytes(data) == hashlib.sha256(data).hexdigest()


def test_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 300_000)
    assert hash_file(path) == hash_bytes(b"x" * 300_000)
    with pytest.raises(FileNotFoundError):
        hash_file(tmp_path / "gone")


@pytest.mark.parametrize("sync", [False, True])
def test_file_is_written_and_replaced_and_nothing_is_left_beside_it(
    tmp_path: Path, sync: bool
) -> None:
    path = tmp_path / "new" / "folder" / "file.json"
    for data in (b"first", b"second"):
        write_atomic(path, data, sync=sync)
        assert path.read_bytes() == data
        assert list(path.parent.iterdir()) == [path]


def test_file_that_is_to_outlive_a_power_cut_is_synced_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    before = len(list(Path("/dev/fd").iterdir()))

    def fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append("folder" if is_folder else "file")
        if is_folder:
            raise OSError(errno.EINVAL, "as some network file systems do")

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(tmp_path / "file", b"x")
    assert synced == []
    write_atomic(tmp_path / "file", b"y", sync=True)
    assert synced == ["file", "folder"]
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_file_is_staged_in_the_folder_given(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    with pytest.raises(FileNotFoundError, match="staging"):
        write_atomic(tmp_path / "file", b"x", staging)
    staging.mkdir()
    with pytest.raises(FileNotFoundError, match="gone"):
        write_atomic(tmp_path / "gone" / "file", b"x", staging)
    assert list(tmp_path.rglob("*")) == [staging]
    write_atomic(tmp_path / "file", b"x", staging)
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "file", staging]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError, match="file"):
        write_atomic(path, b"x")
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(TypeError):
        write_atomic(tmp_path / "other", "text")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("staged_beside", [True, False])
def test_longest_names_can_be_written(tmp_path: Path, staged_beside: bool) -> None:
    path = tmp_path / ("😀" * 63)  # 252 bytes, of 255 that a name has at most
    write_atomic(path, b"x", None if staged_beside else tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    versions = [bytes([letter]) * 2_000_000 for letter in b"ab"]
    write_atomic(path, versions[0])
    done = threading.Event()

    def write() -> None:
        for turn in range(40):
            write_atomic(path, versions[turn % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert path.read_bytes() in versions
    writer.join()


_HOLDER = """
import sys, time
from pathlib import Path
from augbuild.core.files import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_lock_keeps_other_processes_out_until_its_holder_is_gone(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", _HOLDER, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match="lock is held by another process"), hold_lock(lock):
            pytest.fail("two processes hold it")
        holder.send_signal(signal.SIGKILL)
    with hold_lock(lock):
        pass


def test_lock_keeps_other_threads_out_and_is_released(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with hold_lock(lock), pytest.raises(LockedError), hold_lock(lock):
        pytest.fail("it is held twice")
    with pytest.raises(ZeroDivisionError), hold_lock(lock):
        raise ZeroDivisionError
    with hold_lock(lock):
        pass


def test_lock_that_is_held_is_refused_at_once(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(LockedError), hold_lock(tmp_path / "lock"), hold_lock(tmp_path / "lock"):
        pytest.fail("it is held twice")
    assert time.monotonic() - start < 0.5


def test_lock_that_cannot_be_made_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"), hold_lock(tmp_path / "file" / "lock"):
        pytest.fail("there can be no such file")


def test_a_link_replaces_what_was_there(tmp_path: Path) -> None:
    original, path, staging = tmp_path / "original", tmp_path / "path", tmp_path / "staging"
    staging.mkdir()
    original.write_bytes(b"new")
    path.write_bytes(b"old")
    for _ in range(2):
        assert link_atomic(path, original, staging)
        assert path.samefile(original)
        assert not any(staging.iterdir())
    assert not link_atomic(path, tmp_path / "gone", staging)
    assert path.samefile(original)
    assert not link_atomic(tmp_path / "no" / "folder", original, staging)


def test_size_and_time_of_a_file_and_of_none(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"123")
    os.utime(path, ns=(5, 7_000_000_001))
    assert size_and_mtime(path) == (3, 7_000_000_001)
    assert size_and_mtime(tmp_path / "gone") == (-1, 0)
    assert size_and_mtime(path / "below a file") == (-1, 0)


def test_the_stamp_of_a_file_and_of_none(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"123")
    os.utime(path, ns=(5, 7_000_000_001))
    status = path.stat()
    assert stamp_of(path) == (3, 7_000_000_001, status.st_ctime_ns, status.st_ino)
    assert stamp_of(str(path)) == stamp_of(path)
    assert stamp_of(tmp_path / "gone") == stamp_of(path / "below a file") == NO_FILE


@pytest.mark.parametrize("field", Stamp._fields)
def test_stamps_agree_where_nothing_that_is_known_differs(field: str) -> None:
    stamp = Stamp(3, 7, 8, 9)
    other = stamp._replace(**{field: 5})
    assert stamp.agrees_with(stamp)
    assert not stamp.agrees_with(other)
    assert not other.agrees_with(stamp)
    unknown = stamp._replace(**{field: UNKNOWN})
    both = stamp.agrees_with(unknown), unknown.agrees_with(stamp)
    assert both == ((True, True) if field in {"ctime_ns", "inode"} else (False, False))


def test_files_that_swap_their_names_have_other_stamps(tmp_path: Path) -> None:
    one, two, spare = (tmp_path / name for name in ("one", "two", "spare"))
    for path in (one, two):
        path.write_bytes(path.name.encode())
        os.utime(path, ns=(5, 5))
    before = stamp_of(one)
    one.rename(spare)
    two.rename(one)
    spare.rename(two)
    assert stamp_of(one)[:2] == before[:2]
    assert not stamp_of(one).agrees_with(before)


@pytest.mark.parametrize(
    "path", ["a", "a/b.jpg", "ä ö/€.png", ".hidden", "a..b", "...", "a" * 4096, "ab:c"]
)
def test_safe_paths(path: str) -> None:
    assert is_safe_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "/", "/etc/passwd", "..", "../a", "a/../b", "a/..", ".", "./a", "a/./b", "a//b", "a/",
     "a\\b", "C:/a", "c:a", "a:b", "a\0b", "a" * 4097, "\udc80", None, 5, b"a"],
)  # fmt: skip
def test_unsafe_paths(path: object) -> None:
    assert not is_safe_path(path)


@given(st.text())
def test_safe_paths_stay_below_any_folder(path: str) -> None:
    if is_safe_path(path):
        root = Path("/some/root")
        joined = Path(os.path.normpath(root / path))
        assert root in joined.parents


@given(st.text())
def test_text_is_unicode_where_it_can_be_written(text: str) -> None:
    assert is_unicode(text)
    assert not is_unicode(f"{text}\udcff")


def test_the_cache_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative/cache"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert user_cache("x") == tmp_path / ".cache" / "augbuild" / "x"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert user_cache("x") == tmp_path / "elsewhere" / "augbuild" / "x"
