"""Break each decision of a module by hand, one at a time, and see whether its tests notice.

    make mutants MODULES="trainer/statistics/verdict.py"
    python benchmarks/mutants.py trainer/statistics/verdict.py --lines 40-80

A mutant is the module with one change: a comparison flipped, a sign, a condition dropped, a
constant moved by one, a sort left out, a lock not taken, a named argument or a call forgotten. The
module's own test file runs against it; no failure means that no test holds that line. Libraries are
imported once and every mutant runs in a fork, so that a mutant costs a fraction of a second, not
the seconds that pytest needs to start. Your checkout is not touched: copies of it are changed.
A line that ends in `# pragma: no mutate` is left alone: for changes that make no difference.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # not benchmarks/, whose train.py and build.py could be taken for others

from benchmarks.mutations import Mutant, mutants_of  # noqa: E402

# The modules that decide something a reader of the results relies on.
DECIDING = (
    "trainer/statistics",
    "trainer/comparison/guards.py",
    "augbuild/planning/split.py",
    "augbuild/planning/sampling.py",
    "augbuild/building/changes.py",
    "augbuild/core/documents.py",
)
OURS = {"augbuild", "trainer", "tests", "benchmarks", "conftest", "__main__"}
QUIET = ("-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider")
# Plugins loaded ahead are not rewritten, which only costs the wording of their own assertions.
LOADED_AHEAD = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
HYPOTHESIS = ("--hypothesis-profile=mutants", "--hypothesis-seed=0")


@dataclass
class Bench:
    """One copy of the repository, in which one mutant at a time is tested."""

    folder: Path
    process: int = 0
    deadline: float = 0.0
    mutant: Mutant | None = None

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
            run_tests(self.folder, tests)

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


def run_tests(folder: Path, tests: list[str]) -> NoReturn:
    """Run pytest in this process, which is a fork, on a copy of the repository, and end it."""
    code = 70
    try:
        os.setsid()
        output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = sys.path[0] = str(folder)
        pytest = importlib.import_module("pytest")
        code = int(pytest.main([*QUIET, *LOADED_AHEAD, *HYPOTHESIS, *tests]))
        loaded = [name for name in sys.modules if name.split(".")[0] not in OURS]
        (folder / "loaded.json").write_text(json.dumps(loaded))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def load_ahead(folder: Path) -> None:
    """Import the libraries that the tests have used, so that each fork has them at once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in json.loads((folder / "loaded.json").read_text()):
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


def tests_of(module: str) -> list[str]:
    """Find the test file that mirrors a module; without one, the tests of its whole folder."""
    path = Path(module)
    mirrored = Path("tests", path.parent, f"test_{path.stem}.py")
    if (ROOT / mirrored).is_file():
        return [str(mirrored)]
    print(f"{module}: no {mirrored}, so all of {mirrored.parent} is run", flush=True)
    return [str(mirrored.parent)]


def run_all(
    benches: list[Bench], module: str, mutants: Iterable[Mutant], tests: list[str], limit: float
) -> Iterator[tuple[Mutant, str]]:
    """Test each mutant on the next free bench; yield it with its result."""
    waiting = list(reversed(list(mutants)))
    busy: list[Bench] = []
    free = list(benches)
    while waiting or busy:
        while waiting and free:
            bench = free.pop()
            bench.mutant = waiting.pop()
            bench.start(module, bench.mutant.source, tests, limit)
            busy.append(bench)
        time.sleep(0.01)
        for bench in list(busy):
            result = bench.result()
            if result is not None and bench.mutant is not None:
                busy.remove(bench)
                free.append(bench)
                yield bench.mutant, result


def limit_of(benches: list[Bench], module: str, source: str, tests: list[str]) -> float:
    """Run the tests without any change, on every bench; return the seconds that a mutant gets."""
    slowest = 0.0
    for bench in benches:
        began = time.monotonic()
        for _, result in run_all([bench], module, [Mutant(0, "", "", source)], tests, 600):
            if result != "survived":
                print(bench.output())
                raise SystemExit(f"{module}: the tests fail without any change: {' '.join(tests)}")
        slowest = max(slowest, time.monotonic() - began)
        load_ahead(bench.folder)
    return 20 + 5 * slowest


def try_module(
    benches: list[Bench], module: str, tests: list[str], lines: range
) -> tuple[int, int]:
    """Print the mutants of one module that survive; return how many were killed, of how many."""
    text = (ROOT / module).read_text(encoding="utf-8")
    limit = limit_of(benches, module, ast.unparse(ast.parse(text)), tests)
    began = time.monotonic()
    mutants = [mutant for mutant in mutants_of(text) if mutant.line in lines]
    killed = 0
    for mutant, result in run_all(benches, module, mutants, tests, limit):
        killed += result != "survived"
        if result == "survived":
            print(
                f"{module}:{mutant.line}: survived: {mutant.before}  ->  {mutant.after}", flush=True
            )
    for bench in benches:
        shutil.copy2(ROOT / module, bench.folder / module)
    share = 100 * killed / max(len(mutants), 1)
    seconds = time.monotonic() - began
    print(
        f"{module}: {killed} of {len(mutants)} killed ({share:.0f} %), {seconds:.0f} s", flush=True
    )
    return killed, len(mutants)


def main() -> None:
    """Try every module that is named, and fail where too many mutants survive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("modules", nargs="*", default=DECIDING, help="modules or folders of them")
    parser.add_argument(
        "--tests", nargs="+", help="test files to run, in place of the mirrored one"
    )
    parser.add_argument("--lines", default="1-9999", help="only changes on these lines, as 40-80")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (2)")
    parser.add_argument("--at-least", type=float, default=90, help="per cent to be killed (90)")
    options = parser.parse_args()
    first, _, last = options.lines.partition("-")
    modules = []
    for name in options.modules:
        path = ROOT / name
        found = [path] if path.is_file() else sorted(path.glob("[!_]*.py"))
        if not found:
            parser.error(f"no module and no folder of modules: {name}")
        modules += [file.relative_to(ROOT).as_posix() for file in found]

    killed = total = 0
    with tempfile.TemporaryDirectory() as name:
        benches = [copy_repository(Path(name, str(job))) for job in range(options.jobs)]
        if (ROOT.parent / "shared").is_dir():  # real photos, where they lie beside the repository
            Path(name, "shared").symlink_to(ROOT.parent / "shared")
        try:
            for module in modules:
                tests = options.tests or tests_of(module)
                lines = range(int(first), int(last or first) + 1)
                result = try_module(benches, module, tests, lines)
                killed, total = killed + result[0], total + result[1]
        finally:
            for bench in benches:
                bench.stop()
    share = 100 * killed / max(total, 1)
    print(f"{killed} of {total} mutants killed: {share:.1f} %")
    if share < options.at_least:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
