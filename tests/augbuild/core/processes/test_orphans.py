"""Worker processes that end with their parent."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

_PARENT = """
import subprocess, sys
child = '''
import os, time
from augbuild.core.processes.orphans import exit_with_parent
exit_with_parent({parent})
print(os.getpid(), flush=True)
time.sleep(60)
'''
import os
process = subprocess.Popen([sys.executable, "-c", child.replace("{parent}", PARENT)])
process.wait()
print("code", process.returncode, flush=True)
"""


def _start(parent: str) -> subprocess.Popen[str]:
    script = _PARENT.replace("PARENT", parent)
    return subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watches the worker by a pidfd of Linux")
def test_worker_ends_soon_after_its_parent_was_killed() -> None:
    with _start("str(os.getpid())") as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        try:
            assert select.select([worker], [], [], 0.3)[0] == []  # it works while it has a parent
            parent.send_signal(signal.SIGKILL)
            assert select.select([worker], [], [], 10)[0] == [worker]
        finally:
            os.close(worker)


def test_worker_whose_parent_is_gone_does_not_begin() -> None:
    with _start("'1'") as parent:
        assert parent.communicate(timeout=30)[0] == "code 1\n"
