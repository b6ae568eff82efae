"""The state: what is put in comes out, also after a crash, and what SQLite says becomes a sentence."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from augbuild.dataset.state import Entry, State
from augbuild.errors import OutputError

ENTRY = Entry(
    "cats/猫 'x'.png", "built", "f" * 64, 10, -5, 1, ("train/cats/a.png",), {"ops": [], "width": 1}
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


def test_entries_and_facts_are_kept(file: Path) -> None:
    other = Entry("a", "rejected", "", 0, 0, 2, (), {"reason": "empty", "message": "m"})
    with State(file) as state:
        state.put([ENTRY, other])
        state.set_fact("runs", 3)
        state.sync()
    with State(file) as state:
        assert list(state.entries()) == [other, ENTRY]
        assert len(state) == 2
        assert state.get(ENTRY.path) == ENTRY
        assert state.get("b") is None
        assert (state.fact("runs"), state.fact("other", 5)) == (3, 5)
        state.forget([other.path])
        assert list(state.entries()) == [ENTRY]


def test_put_is_all_or_nothing(file: Path) -> None:
    def entries() -> object:
        yield ENTRY
        raise KeyError("in the middle")

    with State(file) as state:
        with pytest.raises(KeyError):
            state.put(entries())  # type: ignore[arg-type]
        assert len(state) == 0
        state.put([ENTRY])
        assert len(state) == 1


def test_what_was_put_outlives_a_crash_of_the_process(file: Path, tmp_path: Path) -> None:
    with State(file) as state:
        state.put([ENTRY])
        crashed = tmp_path / "crashed"
        crashed.mkdir()
        for path in tmp_path.glob("state.sqlite*"):
            shutil.copy(path, crashed)  # what kill -9 would leave
    with State(crashed / file.name) as state:
        assert list(state.entries()) == [ENTRY]


def test_reading_leaves_the_file_alone(file: Path) -> None:
    with State(file) as state:
        state.put([ENTRY])
    before = file.read_bytes()
    with State(file, read_only=True) as state:
        assert state.get(ENTRY.path) == ENTRY
        with pytest.raises(sqlite3.OperationalError):
            state.set_fact("runs", 1)
    assert file.read_bytes() == before


def test_no_file_is_an_empty_state() -> None:
    with State(None, read_only=True) as state:
        assert (len(state), state.fact("running")) == (0, None)


@pytest.mark.parametrize(
    "content", [b"", b"not a database, though it is long enough for one" * 100]
)
def test_file_that_never_became_a_state_is_empty_or_damaged(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    if not content:
        with State(file, read_only=True) as state:
            assert len(state) == 0
        return
    with pytest.raises(
        OutputError,
        match=r"state\.sqlite is damaged \(file is not a database\); build into another",
    ):
        State(file)


def test_state_of_another_release(file: Path) -> None:
    with State(file) as state:
        state.set_fact("format", 99)
    with pytest.raises(
        OutputError, match=r"state\.sqlite was written by another release of augbuild"
    ):
        State(file)


def test_damage_met_on_the_way_is_a_sentence(file: Path) -> None:
    with State(file) as state:
        state.put(Entry(f"{number}", "built", "f" * 64, 1, 1, 1, (), {}) for number in range(2000))
    content = bytearray(file.read_bytes())
    content[8192:] = bytes(len(content) - 8192)
    file.write_bytes(content)
    with (
        pytest.raises(OutputError, match=r"state\.sqlite is damaged \(.*malformed.*\)"),
        State(file) as state,
    ):
        list(state.entries())


def test_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        OutputError,
        match=r"nowhere/state\.sqlite: No such file or directory; put that right and run",
    ):
        State(tmp_path / "nowhere" / "state.sqlite")


def _fill(file: Path) -> None:
    with State(file) as state:
        state._database.execute("PRAGMA max_page_count = 4")
        state.put(Entry(f"{number}", "built", "f" * 64, 1, 1, 1, (), {}) for number in range(2000))


def test_full_disk_is_a_sentence(file: Path) -> None:
    with pytest.raises(
        OutputError, match=r"state\.sqlite: database or disk is full; put that right and run"
    ):
        _fill(file)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_file_of_someone_else_is_a_sentence(file: Path) -> None:
    State(file).__exit__(None, None, None)
    file.chmod(0o400)
    with pytest.raises(
        OutputError, match=r"state\.sqlite: attempt to write a readonly database; put that right"
    ):
        State(file)
