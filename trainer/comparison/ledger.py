"""How often a test set has been looked at: each comparison by it is one look, and the more looks, the less it says.

The ledger is JSON lines, only ever appended to; a test set is known by its files' bytes, whatever they are called.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from augbuild.dataset.layout import STATE_FOLDER
from trainer.data.samples import Sample, hash_file

_NAME = "looks.jsonl"


@dataclass(frozen=True, slots=True)
class LookCount:
    """The `number` of a comparison among those by the same test set, from 1; and whether the ledger holds it."""

    number: int
    recorded: bool


def build_ledger(table: Path) -> Path:
    """Give the ledger for a manifest, table or folder: in its build, else (none, read-only) in the user's state."""
    state = (table if table.is_dir() else table.parent) / STATE_FOLDER
    if state.is_dir() and os.access(state, os.W_OK):
        return state / _NAME
    return user_ledger()


def user_ledger() -> Path:
    """Give the ledger of the user, on this machine: it knows of looks at the same images by way of other builds."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "augbuild" / _NAME


def test_key(test: Iterable[Sample]) -> str:
    """Give the sha256 over the sorted set of the test files' sha256; raises TableError where one cannot be read."""
    hashes = {sample.sha256 or hash_file(sample.path) for sample in test}
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def record_look(ledger: Path, test_key: str, comparison: str) -> LookCount:
    """Note that a comparison looks at a test set, once however often it is asked, and number it in the ledger's order.

    Two that append at the same time are numbered as their lines came to stand. A ledger that cannot be written stops
    nothing: the number is then what it would be.
    """
    if comparison not in _comparisons(ledger, test_key):
        with suppress(OSError):
            _append(ledger, {"test": test_key, "comparison": comparison, "time": _now()})
    looks = _comparisons(ledger, test_key)
    recorded = comparison in looks
    return LookCount(looks.index(comparison) + 1 if recorded else len(looks) + 1, recorded)


def record_look_everywhere(table: Path, test_key: str, comparison: str) -> LookCount:
    """Note a look in the ledger of a table's build, which goes along with it, and in the user's; the larger number."""
    looks = [
        record_look(ledger, test_key, comparison)
        for ledger in dict.fromkeys((build_ledger(table), user_ledger()))
    ]
    return LookCount(max(each.number for each in looks), any(each.recorded for each in looks))


def _comparisons(ledger: Path, test_key: str) -> list[str]:
    """List the comparisons by a test set, each once; a damaged line is none."""
    try:
        lines = ledger.read_bytes().splitlines() if ledger.is_file() else []
    except OSError:
        lines = []
    rows = map(_parse, lines)
    return list(dict.fromkeys(comparison for test, comparison in rows if test == test_key))


def _parse(line: bytes) -> tuple[str, str]:
    with suppress(ValueError, RecursionError):
        match json.loads(line):
            case {"test": str(test), "comparison": str(comparison)}:
                return test, comparison
    return "", ""


def _append(ledger: Path, row: dict[str, str]) -> None:
    ledger.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(row).encode() + b"\n"
    with ledger.open(
        "a+b", buffering=0
    ) as file:  # one write: what another process appends stays a line of its own
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = (
                line if file.read(1) == b"\n" else b"\n" + line
            )  # after a line that was cut short
        file.write(line)
        os.fsync(file.fileno())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
