"""How often a test set has been looked at: the more comparisons used it, the less each one says.

The ledger is JSON lines, only ever appended to; a test set is known by its files' bytes, whatever
they are called.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from augbuild.core.files import hash_bytes
from augbuild.dataset.layout import STATE_FOLDER
from trainer.data.samples import Sample, hash_file

_NAME = "looks.jsonl"


class Look(msgspec.Struct, frozen=True):
    """One line of a ledger: a comparison looked at a test set."""

    test: str
    comparison: str
    time: str = ""


@dataclass(frozen=True, slots=True)
class LookCount:
    """The place of a comparison among those of one test set, from 1.

    `recorded` says whether the ledger has it.
    """

    number: int
    recorded: bool


def build_ledger(table: Path) -> Path:
    """Return the ledger of a manifest, table or folder: in its build, or else the user's.

    A build that cannot be written to has none.
    """
    folder = table if table.is_dir() else table.parent
    state = folder / STATE_FOLDER
    if state.is_dir() and os.access(state, os.W_OK):
        return state / _NAME
    return user_ledger()


def user_ledger() -> Path:
    """Return the user's ledger on this machine, which sees looks by way of other builds, too."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "augbuild" / _NAME


def test_key(test: Iterable[Sample]) -> str:
    """Return the SHA-256 of the sorted set of the test files' SHA-256.

    Raises TableError where a file cannot be read.
    """
    hashes = {sample.sha256 or hash_file(sample.file) for sample in test}
    return hash_bytes("\n".join(sorted(hashes)).encode())


def record_look(ledger: Path, test_key: str, comparison: str) -> LookCount:
    """Record that a comparison looks at a test set, once however often it is asked, and number it.

    Two that append at the same time are numbered in the order of their lines. A ledger that cannot
    be written stops nothing: the number is then the one that it would have had.
    """
    if comparison not in _read_comparisons(ledger, test_key):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        # A folder without write permission must not stop a comparison that took hours.
        with suppress(OSError):
            _append(ledger, Look(test_key, comparison, now))
    looks = _read_comparisons(ledger, test_key)
    if comparison in looks:
        return LookCount(looks.index(comparison) + 1, recorded=True)
    return LookCount(len(looks) + 1, recorded=False)


def record_look_everywhere(table: Path, test_key: str, comparison: str) -> LookCount:
    """Record a look in the ledger of a table's build, which moves with it, and in the user's.

    The larger number counts.
    """
    # The build's own moves with it; the user's knows the same images in other builds.
    own = record_look(build_ledger(table), test_key, comparison)
    users = record_look(user_ledger(), test_key, comparison)
    number = max(own.number, users.number)
    return LookCount(number, own.recorded or users.recorded)


def _read_comparisons(ledger: Path, test_key: str) -> list[str]:
    """List the comparisons that used a test set, each once; a damaged line counts as none."""
    try:
        lines = ledger.read_bytes().splitlines() if ledger.is_file() else []
    except OSError:
        lines = []
    comparisons: dict[str, None] = {}
    for line in lines:
        try:
            look = msgspec.json.decode(line, type=Look)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if look.test == test_key:
            comparisons[look.comparison] = None
    return list(comparisons)


def _append(ledger: Path, look: Look) -> None:
    ledger.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(msgspec.to_builtins(look)).encode() + b"\n"
    # Unbuffered, so that one write makes the line: what another process appends stays its own.
    with ledger.open("a+b", buffering=0) as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            was_cut_short = file.read(1) != b"\n"
            if was_cut_short:
                line = b"\n" + line
        file.write(line)
        # A look that a power cut erases would be had for nothing.
        os.fsync(file.fileno())
