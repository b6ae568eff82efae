"""A module that runs beside this process, in one of its own: bytes in, bytes out."""

from __future__ import annotations

import logging
import os
import runpy
import subprocess
import sys
from types import TracebackType
from typing import Self

from augbuild.core.processes.orphans import exit_with_parent

_log = logging.getLogger(__name__)


class Aside:
    """Runs `python -m module` while this process works on; a context manager.

    The module reads `given` from standard input and answers on standard output. Its process ends
    with the block, and with this process, however that ends. Nothing here raises: what could not be
    done beside can still be done here.
    """

    def __init__(self, module: str, given: bytes) -> None:
        """Start the process; `given` has to be small, since it is written before the return."""
        self._process: subprocess.Popen[bytes] | None = None
        # -P: nothing of the working directory is imported. A session of its own: the signals of a
        # terminal go to this process, which ends the other.
        command = [sys.executable, "-P", "-m", __name__, str(os.getpid()), module]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        if getattr(sys, "frozen", False):
            return  # an application that has Python in it: it would start itself again
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
            assert self._process.stdin is not None
            self._process.stdin.write(given)
            self._process.stdin.close()
        except (OSError, ValueError) as error:
            _log.debug("%s is not run beside: %s", module, error)
            self._stop()

    def answer(self) -> bytes | None:
        """Wait for the answer; None where there is none, for whatever reason."""
        if self._process is None or self._process.stdout is None:
            return None
        answer = self._process.stdout.read()
        return answer if self._process.wait() == 0 else None

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()


if __name__ == "__main__":
    exit_with_parent(int(sys.argv[1]))  # before the module, which may take long to import
    runpy.run_module(sys.argv[2], run_name="__main__")
