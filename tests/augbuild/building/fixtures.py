"""What tests of builds do to a project between two of them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from augbuild.core.files import stamp_of
from augbuild.dataset.state import State


def change_unseen(project: Path, path: str) -> None:
    """Change a source as on a drive where nothing but its bytes shows it."""
    source = project / "photos" / path
    data = bytearray(source.read_bytes())
    data[-1] ^= 1
    source.write_bytes(data)
    with State(project / "out" / ".augbuild" / "state.sqlite") as state:
        entry = state.get(path)
        assert entry is not None
        state.put([msgspec.structs.replace(entry, stamp=stamp_of(source))])
