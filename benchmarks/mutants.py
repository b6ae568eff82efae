"""Break each decision of a module by hand, one at a time, and see whether its tests notice.

    make mutants MODULES="trainer/statistics/verdict/judge.py"
    python benchmarks/mutants.py trainer/statistics/verdict/judge.py --lines 40-80

A mutant is the module with one change: a comparison flipped, a sign, a condition dropped, a
constant moved by one, a sort left out, a lock not taken, a named argument or a call forgotten. The
module's own test file runs against it; no failure means that no test holds that line. Libraries are
imported once, every mutant runs in a fork, and quick tests run first, so that most mutants cost a
fraction of a second, not the seconds that pytest needs to start. Your checkout is not touched:
copies of it are changed. A line that ends in `# pragma: no mutate` is left alone:
for changes that make no difference.
"""

from __future__ import annotations

import argparse
import ast
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # not benchmarks/, whose train.py and build.py could be taken for others

from benchmarks.mutant_bench import Bench, copy_repository, learn_from_baseline  # noqa: E402
from benchmarks.mutations import Mutant, mutants_of  # noqa: E402

# The modules that decide something a reader of the results relies on.
DECIDING = (
    "trainer/statistics",
    "trainer/statistics/verdict",
    "trainer/comparison/guards.py",
    "trainer/comparison/leaks.py",
    "augbuild/planning/split.py",
    "augbuild/planning/sampling.py",
    "augbuild/building/changes.py",
    "augbuild/core/documents.py",
)


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
        learn_from_baseline(bench)
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

    # Ended as by Ctrl-C, so that the forks and the copies go, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
