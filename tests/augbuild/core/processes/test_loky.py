"""Pools whose workers are replaced on the way, or that end early, say nothing and do not hang."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from augbuild.core.pool import map_pooled
from augbuild.core.processes.loky import start_tracker
from tests.conftest import REPOSITORY


def _stop_after_this(number: int) -> tuple[int, int]:
    """Make this worker end in order after its next call, as one that has grown too much does."""
    from joblib.externals.loky import process_executor

    process_executor._USE_PSUTIL = True
    # More than a worker of an earlier test had at first, whatever that was.
    process_executor._get_memory_usage = lambda *_, **__: 1 << 40
    process_executor._MEMORY_LEAK_CHECK_DELAY = -1.0
    process_executor._MAX_MEMORY_LEAK_SIZE = -1
    return number, os.getpid()


def test_a_worker_that_has_grown_is_replaced_without_a_warning() -> None:
    # Warnings are errors in these tests: one would end loky's thread, and this would hang.
    results = list(map_pooled(_stop_after_this, range(24), n_jobs=2))
    assert [number for number, _ in results] == list(range(24))
    assert len({worker for _, worker in results}) > 4


_MANY_REPLACED = """
import sys
sys.path.insert(0, sys.argv[1])
from augbuild.core.pool import map_pooled
from tests.augbuild.core.processes.test_loky import _stop_after_this

if __name__ == "__main__":
    print(len(list(map_pooled(_stop_after_this, range(12), n_jobs=2))))
"""


@pytest.mark.parametrize("filters", ["error", "always"])
def test_nothing_is_said_of_replaced_workers(filters: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", filters, "-c", _MANY_REPLACED, str(REPOSITORY)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    lines = [line for line in done.stderr.splitlines() if "A worker stopped" in line]
    assert (done.stdout, lines) == ("12\n", [])


@pytest.mark.parametrize("before", [None, "default"])
def test_the_environment_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    if before is None:
        monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    else:
        monkeypatch.setenv("PYTHONWARNINGS", before)
    start_tracker()
    assert os.environ.get("PYTHONWARNINGS") == before
