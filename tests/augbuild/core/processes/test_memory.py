"""Freed memory is kept, where the C library can keep it."""

from __future__ import annotations

import ctypes
import subprocess
import sys

from tests.conftest import REPOSITORY

# Three images of 20 MB at a time, ten times over; then how often a page had to be handed out.
PROGRAM = """
import resource
from augbuild.core.processes.memory import keep_freed_memory
kept = {call}
def work():
    images = [bytearray(20 << 20) for _ in range(3)]
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    work()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages(call: str) -> tuple[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(call=call)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    kept, count = done.stdout.split()
    return kept, int(count)


def test_pages_are_used_again_where_the_library_can() -> None:
    kept, few = pages("keep_freed_memory()")
    assert kept == str(hasattr(ctypes.CDLL(None), "mallopt"))
    if kept == "True":
        _, many = pages("None")
        assert few < 100 < many
