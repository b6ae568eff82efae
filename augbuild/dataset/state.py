"""What is already built: `.augbuild/state.sqlite`, a row per source, read in constant memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

import msgspec

from augbuild.core.documents import decode, to_plain
from augbuild.dataset.results import BuiltSource, PendingSource, RejectedSource
from augbuild.errors import FIX_AND_RERUN, OutputError

T = TypeVar("T")
Status = Literal["pending", "built", "rejected"]
Note = Literal["format", "recipe", "source", "versions", "runs", "running"]
Row = tuple[str, Status, str, int, int, int, str, str]

_FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS source (
    path TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    run INTEGER NOT NULL,
    files TEXT NOT NULL,
    result TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


_RESULTS: dict[Status, type[PendingSource | BuiltSource | RejectedSource]] = {
    "pending": PendingSource,
    "built": BuiltSource,
    "rejected": RejectedSource,
}


class Entry(msgspec.Struct, frozen=True):
    """Everything that the state knows of one source.

    `fingerprint` stands for everything but its bytes that its outputs depend on; `size` and
    `mtime_ns` are the source file's when it was read; `run` is the number of the build; `files` may
    be on disk and are ours.
    """

    path: str
    fingerprint: str
    size: int
    mtime_ns: int
    run: int
    files: tuple[str, ...]
    result: PendingSource | BuiltSource | RejectedSource

    @property
    def status(self) -> Status:
        """Return what the result says, in one word."""
        match self.result:
            case PendingSource():
                return "pending"
            case BuiltSource():
                return "built"
            case RejectedSource():
                return "rejected"

    def to_row(self) -> Row:
        """Return the entry as the columns of the state."""
        # ASCII, unlike the documents of the tree: builds of 0.1 wrote it so.
        files = json.dumps(self.files)
        result = json.dumps(to_plain(self.result))
        return (
            self.path, self.status, self.fingerprint, self.size, self.mtime_ns, self.run,
            files, result,
        )  # fmt: skip

    @classmethod
    def from_row(cls, row: Row, where: str) -> Entry:
        """Read an entry; raises OutputError, whose message begins with `where`."""
        path, status, fingerprint, size, mtime_ns, run, files, result = row
        where = f"{where} is damaged: source {path!r}"
        if status not in _RESULTS:
            raise OutputError(f"{where} has the unknown status {status!r}")
        names = decode(files, tuple[str, ...], where, OutputError)
        known = decode(result, _RESULTS[status], where, OutputError)
        return cls(path, fingerprint, size, mtime_ns, run, names, known)


class State:
    """The state of one output folder; a context manager.

    Every write is committed at once, and synced by `sync`. With `read_only` the file is left as it
    is; without a `file` the state is empty. Raises OutputError where the file cannot be used, and
    in place of any error of SQLite that ends the `with` block.
    """

    def __init__(self, file: Path | None, *, read_only: bool = False) -> None:
        self._file = file
        try:
            self._database = _connect(file, "ro" if read_only else "rwc")
        except sqlite3.Error as error:
            raise _as_output_error(file, error) from error
        try:
            if read_only and not self._database.execute("SELECT 1 FROM sqlite_master").fetchone():
                # A build was killed before it had noted anything.
                self._database.close()
                self._database = _connect(None, "rwc")
                read_only = False
            if not read_only:
                self._prepare()
        except BaseException as error:
            self._database.close()
            if isinstance(error, sqlite3.Error):
                raise _as_output_error(file, error) from error
            raise

    def _prepare(self) -> None:
        # With a write-ahead log, a commit outlives the process without a sync; `sync` makes one.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)
        if self.note("format", int) not in {None, _FORMAT}:
            raise OutputError(
                f"{self._file} was written by another release of augbuild; "
                "build into another folder"
            )
        self.set_note("format", _FORMAT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()
        if isinstance(error, sqlite3.Error):
            raise _as_output_error(self._file, error) from error

    def note(self, name: Note, kind: type[T]) -> T | None:
        """Look up a note about the whole folder; None where there is none. Raises OutputError."""
        row = self._database.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        if row is None or row[0] == "null":
            return None
        return decode(row[0], kind, f"{self._file}: {name}", OutputError)

    def set_note(self, name: Note, value: object) -> None:
        """Remember a note about the whole folder."""
        self._database.execute(
            "INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, json.dumps(value))
        )

    def start_run(self) -> int:
        """Number a new run, and note it as under way.

        "running" is the first run since the last that ended well: nothing is synced from there on.
        """
        number = (self.note("runs", int) or 0) + 1
        self.set_note("runs", number)
        if self.note("running", int) is None:
            self.set_note("running", number)
        return number

    def get(self, path: str) -> Entry | None:
        """Look up what is known of a source."""
        row = self._database.execute("SELECT * FROM source WHERE path = ?", (path,)).fetchone()
        return None if row is None else Entry.from_row(row, str(self._file))

    def put(self, entries: Iterable[Entry]) -> None:
        """Remember these sources, all or none of them."""
        statement = "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self._write(statement, map(Entry.to_row, entries))

    def forget(self, paths: Iterable[str]) -> None:
        """Forget these sources, all or none of them."""
        self._write("DELETE FROM source WHERE path = ?", ((path,) for path in paths))

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        # IMMEDIATE: another writer is met here, and not in the middle of the transaction.
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            self._database.executemany(statement, rows)

    def entries(self) -> Iterator[Entry]:
        """Yield all sources by path; the state may be changed only after the last."""
        with closing(self._database.execute("SELECT * FROM source ORDER BY path")) as rows:
            for row in rows:
                yield Entry.from_row(row, str(self._file))

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM source").fetchone()[0])

    def sync(self) -> None:
        """Write everything so far to the disk itself, so that it outlives a power cut."""
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._database.execute("PRAGMA synchronous = NORMAL")


def _connect(file: Path | None, mode: Literal["ro", "rwc"]) -> sqlite3.Connection:
    name = ":memory:" if file is None else f"{file.absolute().as_uri()}?mode={mode}"
    # None: every statement is committed at once, but for the transactions of `_write`.
    return sqlite3.connect(name, uri=True, isolation_level=None)


def _as_output_error(file: Path | None, error: sqlite3.Error) -> OutputError:
    """Return what SQLite reports as a sentence: damage, or what the system does not allow."""
    if not isinstance(error, sqlite3.OperationalError):
        return OutputError(
            f"{file} is damaged ({error}); build into another folder, or remove this one"
        )
    reason = str(error)
    if file is not None:
        try:
            file.open("rb").close()
        except OSError as system_error:  # why it cannot be opened, SQLite does not say
            reason = system_error.strerror or reason
    return OutputError(f"{file}: {reason}; {FIX_AND_RERUN}")
