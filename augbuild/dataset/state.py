"""What is already built, kept in `.augbuild/state.sqlite`: one row per source, in constant memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from augbuild.errors import FIX_AND_RERUN, OutputError

Status = Literal["pending", "built", "rejected"]

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


@dataclass(frozen=True, slots=True)
class Entry:
    """What the state knows of one source.

    `fingerprint` stands for everything but its bytes that its outputs depend on; `size` and `mtime_ns` are the source
    file's when it was read; `files` may be on disk and are ours; `result` is what the worker told.
    """

    path: str
    status: Status
    fingerprint: str
    size: int
    mtime_ns: int
    run: int
    files: tuple[str, ...]
    result: dict[str, Any]


class State:
    """The state of one output folder; a context manager. Every write is committed at once, and synced by `sync`.

    With `read_only` the file is left as it is; without a `file` the state is empty. Raises OutputError where the file
    cannot be used, and in place of any error of SQLite that ends the `with` block.
    """

    def __init__(self, file: Path | None, *, read_only: bool = False) -> None:
        self._file = file
        try:
            self._database = _connect(file, "ro" if read_only else "rwc")
        except sqlite3.Error as error:
            raise _in_words(file, error) from error
        with self._closed_on_error():
            if read_only and not self._database.execute("SELECT 1 FROM sqlite_master").fetchone():
                self._database.close()
                self._database = _connect(
                    None, "rwc"
                )  # a build was killed before it had noted anything
                read_only = False
            if not read_only:
                self._prepare()

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)
        if self.fact("format", _FORMAT) != _FORMAT:
            raise OutputError(
                f"{self._file} was written by another release of augbuild; build into another folder"
            )
        self.set_fact("format", _FORMAT)

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self._database.close()
            raise _in_words(self._file, error) from error
        except BaseException:
            self._database.close()
            raise

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
            raise _in_words(self._file, error) from error

    def fact(self, name: str, default: Any = None) -> Any:
        """Look up a fact about the whole folder."""
        row = self._database.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_fact(self, name: str, value: Any) -> None:
        """Remember a fact about the whole folder."""
        self._database.execute(
            "INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, json.dumps(value))
        )

    def get(self, path: str) -> Entry | None:
        """Look up what is known of a source."""
        row = self._database.execute("SELECT * FROM source WHERE path = ?", (path,)).fetchone()
        return None if row is None else _entry(row)

    def put(self, entries: Iterable[Entry]) -> None:
        """Remember these sources, all or none of them."""
        rows = (_row(entry) for entry in entries)
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
            )

    def forget(self, paths: Iterable[str]) -> None:
        """Forget these sources."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            self._database.executemany(
                "DELETE FROM source WHERE path = ?", ((path,) for path in paths)
            )

    def entries(self) -> Iterator[Entry]:
        """Go through all sources, by path; the state may be changed meanwhile only after the last."""
        with closing(self._database.execute("SELECT * FROM source ORDER BY path")) as rows:
            yield from map(_entry, rows)

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM source").fetchone()[0])

    def sync(self) -> None:
        """Put everything so far on the disk itself, so that it outlives a power cut."""
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._database.execute("PRAGMA synchronous = NORMAL")


def _connect(file: Path | None, mode: str) -> sqlite3.Connection:
    name = ":memory:" if file is None else f"{file.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(name, uri=True, isolation_level=None)


def _in_words(file: Path | None, error: sqlite3.Error) -> OutputError:
    if not isinstance(
        error, sqlite3.OperationalError
    ):  # those are the disk's fault, or that of rights
        return OutputError(
            f"{file} is damaged ({error}); build into another folder, or remove this one"
        )
    return OutputError(f"{file}: {_reason(file) or error}; {FIX_AND_RERUN}")


def _reason(file: Path | None) -> str | None:
    """Ask the system why a file cannot be opened: SQLite keeps that for itself."""
    try:
        if file is not None:
            file.open("rb").close()
    except OSError as error:
        return error.strerror
    return None


def _row(entry: Entry) -> tuple[str, str, str, int, int, int, str, str]:
    files, result = json.dumps(entry.files), json.dumps(entry.result)
    return (
        entry.path, entry.status, entry.fingerprint, entry.size, entry.mtime_ns, entry.run, files, result,
    )  # fmt: skip


def _entry(row: tuple[Any, ...]) -> Entry:
    path, status, fingerprint, size, mtime_ns, run, files, result = row
    return Entry(
        path, status, fingerprint, size, mtime_ns, run, tuple(json.loads(files)), json.loads(result)
    )
