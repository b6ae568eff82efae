"""How often a test set has been looked at: the more comparisons used it, the less each one says.

The ledger is JSON lines, only ever appended to; a test set is known by its files' bytes, whatever
they are called.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from augbuild.core.files import hash_bytes
from augbuild.dataset.layout import STATE_FOLDER
from trainer.comparison.looks.levels import Looked
from trainer.data.samples import Sample, hash_file

_NAME = "looks.jsonl"


class Look(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a ledger: a comparison looked at a test set.

    `design` names the comparison whatever its `seeds`; version 0.1 recorded neither.
    """

    test: str
    comparison: str
    time: str = ""
    design: str = ""
    seeds: int = 0


@dataclass(frozen=True, slots=True)
class LookCount:
    """The place of a comparison among those of one test set, from 1.

    `earlier` are the looks before it, `recorded` says whether the ledger has it.
    """

    number: int
    recorded: bool
    earlier: tuple[Looked, ...] = ()


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


def record_look(ledger: Path, look: Look) -> LookCount:
    """Record that a comparison looks at a test set, once however often it is asked, and number it.

    Two that append at the same time are numbered in the order of their lines. A ledger that cannot
    be written stops nothing: the number is then the one that it would have had.
    """
    if look.comparison not in _read_looks(ledger, look.test):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        # A folder without write permission must not stop a comparison that took hours.
        with suppress(OSError):
            _append(ledger, msgspec.structs.replace(look, time=now))
    looks = _read_looks(ledger, look.test)
    comparisons = list(looks)
    recorded = look.comparison in looks
    before = comparisons.index(look.comparison) if recorded else len(comparisons)
    # A comparison of version 0.1 stands for a design of its own.
    earlier = tuple(
        Looked(each.design or each.comparison, each.seeds) for each in list(looks.values())[:before]
    )
    return LookCount(before + 1, recorded, earlier)


def record_look_everywhere(table: Path, look: Look) -> LookCount:
    """Record a look in the ledger of a table's build, which moves with it, and in the user's.

    The larger number counts.
    """
    # The build's own moves with it; the user's knows the same images in other builds.
    own = record_look(build_ledger(table), look)
    users = record_look(user_ledger(), look)
    longer = max(own, users, key=lambda count: count.number)
    return replace(longer, recorded=own.recorded or users.recorded)


def _read_looks(ledger: Path, test_key: str) -> dict[str, Look]:
    """Read each comparison's first look at a test set; a damaged line counts as none."""
    try:
        lines = ledger.read_bytes().splitlines() if ledger.is_file() else []
    except OSError:
        lines = []
    looks: dict[str, Look] = {}
    for line in lines:
        try:
            look = msgspec.json.decode(line, type=Look)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if look.test == test_key:
            looks.setdefault(look.comparison, look)
    return looks


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
