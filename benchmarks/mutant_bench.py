"""Where benchmarks/mutants.py tries a mutant: a copy of the repository, its tests in a fork."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from benchmarks.mutations import Mutant

ROOT = Path(__file__).resolve().parents[1]

OURS = {"augbuild", "trainer", "tests", "benchmarks", "conftest", "__main__"}
QUIET = ("-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider")
# Plugins loaded ahead are not rewritten, which only costs the wording of their own assertions.
LOADED_AHEAD = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
HYPOTHESIS = ("--hypothesis-profile=mutants", "--hypothesis-seed=0")


@dataclass
class QuickFirst:
    """A pytest plugin that runs quick tests first: most mutants die long before the slow ones."""

    seconds: dict[str, float]
    exit_code: int = 70  # of a session that did not come to its end

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Note how the tests ended: pytest may still raise for what was left open in them."""
        self.exit_code = int(exitstatus)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how long a test takes, its fixtures included."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests by what they took without a mutant."""
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0))


@dataclass
class Bench:
    """One copy of the repository, in which one mutant at a time is tested."""

    folder: Path
    process: int = 0
    deadline: float = 0.0
    mutant: Mutant | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def start(self, module: str, source: str, tests: list[str], limit: float) -> None:
        """Write the module and run its tests in a child process; it dies at the limit (seconds)."""
        path = self.folder / module
        path.write_text(source, encoding="utf-8")
        # Python takes a .pyc of the same second and size for current.
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            stale.unlink()
        self.deadline = time.monotonic() + limit
        self.process = os.fork()
        if self.process == 0:
            run_tests(self.folder, tests, QuickFirst(self.seconds))

    def result(self) -> str | None:
        """Return "survived", "killed" or "timeout", or None while the tests run."""
        finished, status = os.waitpid(self.process, os.WNOHANG)
        if not finished and time.monotonic() < self.deadline:
            return None
        process = self.process
        self.stop()
        if not finished:
            os.waitpid(process, 0)
            return "timeout"
        code = os.waitstatus_to_exitcode(status)
        if code not in {0, 1, 2} and code >= 0:  # not a test that failed, nor an import
            raise SystemExit(f"pytest ended with {code}\n{self.output()}")
        return "survived" if code == 0 else "killed"

    def stop(self) -> None:
        """Kill what is left of the tests: they are a session of their own, with their workers."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process, signal.SIGKILL)
            self.process = 0

    def output(self) -> str:
        """Return the end of what the tests have printed."""
        return (self.folder / "output.txt").read_text(errors="replace")[-3000:]


def run_tests(folder: Path, tests: list[str], quick_first: QuickFirst) -> NoReturn:
    """Run pytest in this process, which is a fork, on a copy of the repository, and end it."""
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = sys.path[0] = str(folder)
        options = [*QUIET, *LOADED_AHEAD, *HYPOTHESIS, *tests]
        quick_first.exit_code = int(pytest.main(options, plugins=[quick_first]))
        loaded = [name for name in sys.modules if name.split(".")[0] not in OURS]
        (folder / "loaded.json").write_text(json.dumps(loaded))
        (folder / "seconds.json").write_text(json.dumps(quick_first.seconds))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(quick_first.exit_code)


def learn_from_baseline(bench: Bench) -> None:
    """Import for every fork what the tests have used, and note what each test took."""
    bench.seconds = json.loads((bench.folder / "seconds.json").read_text())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in json.loads((bench.folder / "loaded.json").read_text()):
            # Some names in sys.modules are no modules; the tests import what is missing here.
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def copy_repository(folder: Path) -> Bench:
    """Copy what git tracks or would track, uncommitted work included."""
    listing = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return Bench(folder)
