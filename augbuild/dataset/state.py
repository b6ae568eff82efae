"""What is already built: `.augbuild/state.sqlite`, a row per source, read in constant memory."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

from augbuild.core.documents import decode
from augbuild.dataset.results import Confirmed, Entry, Row
from augbuild.errors import FIX_AND_RERUN, OutputError

T = TypeVar("T")
Note = Literal["format", "recipe", "source", "versions", "runs", "running"]

_FORMAT = 2
_COLUMNS = """
    path TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    key TEXT NOT NULL,
    encoding TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    run INTEGER NOT NULL,
    files TEXT NOT NULL,
    result TEXT NOT NULL,
    context TEXT NOT NULL,
    rows BLOB NOT NULL
"""
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS source ({_COLUMNS});
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
COMMIT;
"""
# What each format has for the columns of an entry. In format 1, that of version 0.1, a fingerprint
# of all that was drawn stood for key and encoding, and a begun source had forgotten its past.
_SELECTED = {
    1: """
    path, status, '', fingerprint, size, mtime_ns, -1, -1, run, files,
    CASE status WHEN 'pending' THEN 'null' ELSE result END, '', x''
    """,
    2: "*",
}
_MIGRATION = f"""
BEGIN IMMEDIATE;
CREATE TABLE migrated ({_COLUMNS});
INSERT INTO migrated SELECT {_SELECTED[1]} FROM source ORDER BY path;
DROP TABLE source;
ALTER TABLE migrated RENAME TO source;
INSERT OR REPLACE INTO fact VALUES ('format', '2');
COMMIT;
"""
_PUT = f"INSERT OR REPLACE INTO source VALUES ({', '.join('?' * 13)})"
_BEGIN = """
INSERT INTO source VALUES (?, 'pending', '', '', -1, 0, -1, -1, ?, ?, 'null', '', x'')
ON CONFLICT (path) DO UPDATE SET
    status = 'pending', run = excluded.run, files = excluded.files,
    result = CASE status WHEN 'rejected' THEN 'null' ELSE result END
"""
_CONFIRM = """
UPDATE source SET key = ?, encoding = ?, size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?
WHERE path = ?
"""


class State:
    """The state of one output folder; a context manager.

    Every write is committed at once, and synced by `sync`. With `read_only` the file is left as it
    is; without a `file` the state is empty. Raises OutputError where the file cannot be used, and
    in place of any error of SQLite that ends the `with` block.
    """

    def __init__(self, file: Path | None, *, read_only: bool = False) -> None:
        self._file = file
        self.read_only = read_only
        self._lock = threading.Lock()
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
            self._select = f"SELECT {_SELECTED[self._checked_format()]} FROM source"
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
        found = self._checked_format()
        if found != _FORMAT:
            self._database.executescript(_MIGRATION)
        self.set_note("format", _FORMAT)

    def _checked_format(self) -> int:
        """Return the format of the file; raises OutputError for one that is not known."""
        columns = self._database.execute("SELECT name FROM pragma_table_info('source')").fetchall()
        # A build that was killed early may have made the table and not noted its format.
        by_columns = 1 if ("fingerprint",) in columns else _FORMAT
        found = self.note("format", int) or by_columns
        if found not in _SELECTED:
            raise OutputError(
                f"{self._file} was written by another release of augbuild; "
                "build into another folder"
            )
        return found

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
        with self._lock:
            row = self._database.execute(f"{self._select} WHERE path = ?", (path,)).fetchone()
        return None if row is None else Entry.from_row(row, str(self._file))

    def put(self, entries: Iterable[Entry]) -> None:
        """Remember these sources, all or none of them."""
        self.put_rows(map(Entry.to_row, entries))

    def put_rows(self, rows: Iterable[Row]) -> None:
        """Remember sources whose entries are rows already, all or none of them."""
        self._write(_PUT, rows)

    def begin(self, run: int, files: Iterable[tuple[str, Collection[str]]]) -> None:
        """Note sources as begun by a run, each with all files that may be on disk from here on.

        What is known of a source from before stays known, all but its status.
        """
        rows = ((path, run, json.dumps(sorted(names))) for path, names in files)
        self._write(_BEGIN, rows)

    def confirm(self, confirmed: Iterable[Confirmed]) -> None:
        """Note sources as right under another key, encoding or stamp."""
        rows = ((each.key, each.encoding, *each.stamp, each.path) for each in confirmed)
        self._write(_CONFIRM, rows)

    def forget(self, paths: Iterable[str]) -> None:
        """Forget these sources, all or none of them."""
        self._write("DELETE FROM source WHERE path = ?", ((path,) for path in paths))

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        # IMMEDIATE: another writer is met here, and not in the middle of the transaction.
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            with self._database:
                self._database.executemany(statement, rows)

    def entries(self) -> Iterator[Entry]:
        """Yield all sources by path; the state may be changed only after the last."""
        with closing(self._database.execute(f"{self._select} ORDER BY path")) as rows:
            for row in rows:
                yield Entry.from_row(row, str(self._file))

    def __contains__(self, path: str) -> bool:
        found = self._database.execute("SELECT 1 FROM source WHERE path = ?", (path,)).fetchone()
        return found is not None

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
    # The threads of a pool look up sources while this one writes: `_lock` keeps them apart.
    return sqlite3.connect(name, uri=True, isolation_level=None, check_same_thread=False)


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
