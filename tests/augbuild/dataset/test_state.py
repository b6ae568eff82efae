"""The state: what is put in comes out, also after a crash, and SQLite's errors are sentences."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from augbuild.core.files import NO_FILE, Stamp
from augbuild.dataset.results import BuiltFile, BuiltSource, Confirmed, Entry, RejectedSource
from augbuild.dataset.state import State
from augbuild.errors import FIX_AND_RERUN, OutputError

FILE = BuiltFile("train/cats/a.png", None, 3, 4, 5, "ab" * 32, flat=False)
BUILT = BuiltSource("cats/猫 'x'.png", "ab" * 32, 3, 4, True, (FILE,), ((),))
STAMP = Stamp(10, -5, 6, 2**62)
ENTRY = Entry(
    "cats/猫 'x'.png", "built", "f" * 64, "{}", STAMP, 1, ("train/cats/a.png",), BUILT,
    context='[0, null, null]', rows=b"\xff\0\n",
)  # fmt: skip
REJECTED = Entry("a", "rejected", "", "", Stamp(0, 0), 2, (), RejectedSource("empty", "m"))
PENDING = Entry("c", "pending", "", "", NO_FILE, 2, ("x",), None)


def many_entries() -> Iterator[Entry]:
    for number in range(2000):
        yield msgspec.structs.replace(ENTRY, path=str(number))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


def test_entries_and_notes_are_kept(file: Path) -> None:
    with State(file) as state:
        state.put([ENTRY, REJECTED, PENDING])
        state.set_note("runs", 3)
        state.set_note("versions", {"pillow": "1"})
        state.set_note("running", None)
        state.sync()
    with State(file) as state:
        assert list(state.entries()) == [REJECTED, PENDING, ENTRY]
        assert len(state) == 3
        assert state.get(ENTRY.path) == ENTRY
        assert state.get("b") is None
        assert (state.note("runs", int), state.note("recipe", str)) == (3, None)
        assert state.note("versions", dict[str, str]) == {"pillow": "1"}
        assert state.note("running", int) is None
        state.forget([REJECTED.path])
        assert list(state.entries()) == [PENDING, ENTRY]


def test_a_begun_source_keeps_what_was_built_of_it(file: Path) -> None:
    with State(file) as state:
        state.put([ENTRY, REJECTED])
        begun = [(ENTRY.path, {"z", "train/cats/a.png"}), (REJECTED.path, ()), ("new", ("n",))]
        state.begin(7, begun)
        assert state.get(ENTRY.path) == msgspec.structs.replace(
            ENTRY, status="pending", run=7, files=("train/cats/a.png", "z")
        )
        assert state.get(REJECTED.path) == msgspec.structs.replace(
            REJECTED, status="pending", run=7, result=None
        )
        new = Entry("new", "pending", "", "", NO_FILE, 7, ("n",), None)
        assert state.get("new") == new
        state.begin(8, [("new", ("n", "m"))])
        assert state.get("new") == msgspec.structs.replace(new, run=8, files=("m", "n"))


def test_what_is_confirmed_changes_nothing_else(file: Path) -> None:
    stamp = Stamp(1, 2, 3, 4)
    with State(file) as state:
        state.put([ENTRY, REJECTED])
        state.confirm([Confirmed(ENTRY.path, "k", "e", stamp), Confirmed("none", "k", "e", stamp)])
        expected = msgspec.structs.replace(ENTRY, key="k", encoding="e", stamp=stamp)
        assert list(state.entries()) == [REJECTED, expected]


def test_what_is_known_is_in_it(file: Path) -> None:
    with State(file) as state:
        state.put([ENTRY])
        assert ENTRY.path in state
        assert "a" not in state


# As version 0.1 wrote it.
OLD_SCHEMA = """
CREATE TABLE source (
    path TEXT PRIMARY KEY, status TEXT NOT NULL, fingerprint TEXT NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, run INTEGER NOT NULL, files TEXT NOT NULL, result TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO fact VALUES ('runs', '3');
"""


@pytest.fixture
def old_file(file: Path) -> Path:
    built = (
        '{"path": "cats/\\u732b \'x\'.png", "sha256": "' + "ab" * 32 + '", "width": 3, '
        '"height": 4, "more_frames": true, "files": [{"file_name": "train/cats/a.png", '
        '"variant": null, "width": 3, "height": 4, "bytes": 5, "sha256": "' + "ab" * 32 + '", '
        '"flat": false}], "ops": [[]]}'
    )
    rows = [
        ("a", "rejected", "r", 0, 0, 2, "[]", '{"reason": "empty", "message": "m"}'),
        ("c", "pending", "p", 0, 0, 2, '["x"]', '{"ops": [[], [{"op": "blur", "radius": 1.0}]]}'),
        ("cats/猫 'x'.png", "built", "b", 10, -5, 1, '["train/cats/a.png"]', built),
    ]
    with closing(sqlite3.connect(file)) as database:
        database.executescript(OLD_SCHEMA)
        database.executemany("INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        database.commit()
    return file


@pytest.mark.parametrize(
    "noted", [True, False], ids=["whole", "killed before its format was noted"]
)
def test_a_state_of_version_0_1_is_read_and_then_rewritten(old_file: Path, noted: bool) -> None:
    if noted:
        with closing(sqlite3.connect(old_file)) as database:
            database.execute("INSERT INTO fact VALUES ('format', '1')")
            database.commit()
    expected = [
        msgspec.structs.replace(REJECTED, encoding="r"),
        msgspec.structs.replace(PENDING, encoding="p", stamp=Stamp(0, 0)),
        msgspec.structs.replace(
            ENTRY, key="", encoding="b", stamp=Stamp(10, -5), context="", rows=b""
        ),
    ]
    before = old_file.read_bytes()
    with State(old_file, read_only=True) as state:
        assert list(state.entries()) == expected
    assert old_file.read_bytes() == before
    for _ in range(2):
        with State(old_file) as state:
            assert list(state.entries()) == expected
            assert (state.note("format", int), state.note("runs", int)) == (2, 3)


def test_runs_are_numbered_and_the_first_that_did_not_end_well_is_kept(file: Path) -> None:
    with State(file) as state:
        assert (state.start_run(), state.note("running", int)) == (1, 1)
        assert (state.start_run(), state.note("running", int)) == (2, 1)
        state.set_note("running", None)
        assert (state.start_run(), state.note("running", int)) == (3, 3)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("status", "odd", "source 'a' has the unknown status 'odd'"),
        ("files", "[1]", r"source 'a': \[0\] must be a text \(got 1\)"),
        ("files", "x", "source 'a' is not JSON"),
        ("result", "{}", "source 'a' lacks 'reason'"),
        ("result", '{"reason": "odd", "message": "m"}', "source 'a': reason"),
        ("status", "built", "source 'a' lacks 'path'"),
        ("status", "pending", "source 'a' lacks 'path'"),
    ],
)
def test_a_row_that_is_not_ours_is_a_sentence(
    file: Path, column: str, value: str, message: str
) -> None:
    with State(file) as state:
        state.put([REJECTED])
    with closing(sqlite3.connect(file)) as database:
        database.execute(f"UPDATE source SET {column} = ?", (value,))
        database.commit()
    with (
        State(file) as state,
        pytest.raises(OutputError, match=rf"state\.sqlite is damaged: {message}"),
    ):
        state.get("a")


def test_a_note_of_another_kind_is_a_sentence(file: Path) -> None:
    with State(file) as state:
        state.set_note("runs", "three")
        with pytest.raises(OutputError, match=r"state\.sqlite: runs must be a whole number"):
            state.note("runs", int)


def test_put_is_all_or_nothing(file: Path) -> None:
    def entries() -> Iterator[Entry]:
        yield ENTRY
        raise KeyError("in the middle")

    with State(file) as state:
        with pytest.raises(KeyError):
            state.put(entries())
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
            state.set_note("runs", 1)
    assert file.read_bytes() == before


def test_no_file_is_an_empty_state() -> None:
    with State(None, read_only=True) as state:
        assert (len(state), state.note("running", int)) == (0, None)


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
        state.set_note("format", 99)
    with pytest.raises(
        OutputError, match=r"state\.sqlite was written by another release of augbuild"
    ):
        State(file)


def test_damage_met_on_the_way_is_a_sentence(file: Path) -> None:
    with State(file) as state:
        state.put(many_entries())
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
        match=rf"nowhere/state\.sqlite: No such file or directory; {FIX_AND_RERUN}",
    ):
        State(tmp_path / "nowhere" / "state.sqlite")


def _fill(file: Path) -> None:
    with State(file) as state:
        state._database.execute("PRAGMA max_page_count = 4")
        state.put(many_entries())


def test_full_disk_is_a_sentence(file: Path) -> None:
    with pytest.raises(
        OutputError, match=rf"state\.sqlite: database or disk is full; {FIX_AND_RERUN}"
    ):
        _fill(file)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_file_of_someone_else_is_a_sentence(file: Path) -> None:
    State(file).__exit__(None, None, None)
    file.chmod(0o400)
    with pytest.raises(OutputError, match=r"state\.sqlite: attempt to write a readonly database; "):
        State(file)
