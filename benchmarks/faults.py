"""Break a build at every system call, one at a time, and kill others at random; run each again and compare the trees.

    python -m benchmarks.faults [--sources 24] [--faults "kill -9,ENOSPC"] [--calls write,fsync] [--kills 300]

Needs strace that may trace. Prints what docs/reliability.md tells; exits with 1 if any tree was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from tests.conftest import tree
from tests.system.fault_rig import (
    CALLS,
    Rig,
    alive,
    break_and_mend,
    can_trace,
    images_done,
    make_project,
    seconds_until_gone,
    workers,
)

FAULTS = {
    "kill -9": ("signal=KILL", ""),
    "ENOSPC": ("error=ENOSPC", ""),
    "ENOSPC from then on": ("error=ENOSPC", "+"),
    "EIO": ("error=EIO", ""),
    "EACCES": ("error=EACCES", ""),
    "EMFILE": ("error=EMFILE", ""),
}
Point = tuple[str, int, str]
Case = TypeVar("Case")


def sweep(rigs: Sequence[Rig], faults: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Break every call of these kinds in each of these ways, print how the builds ended, and give what was wrong."""
    every = rigs[0].find_calls(rigs[0].project / "undisturbed")
    points = [(call, number, fault) for kind in kinds for fault in faults for call, number in every[kind]
              if (fault == "EMFILE") <= (kind == "open")]  # fmt: skip
    count = Counter(call for kind in kinds for call, _ in every[kind])
    print(f"{len(points):,} faults: calls of an undisturbed build {dict(count)}", flush=True)
    ends, start = Counter[tuple[str, str, str]](), time.monotonic()

    def break_at(rig: Rig, point: Point) -> list[str]:
        call, number, fault = point
        injected, suffix = FAULTS[fault]
        out = rig.project / f"{call}-{number}-{fault.replace(' ', '-')}"
        ended, problems = break_and_mend(rig, out, call, injected, f"{number}{suffix}")
        ends[call, fault, str(ended.code)] += 1
        shutil.rmtree(out, ignore_errors=True)
        if ends.total() % 100 == 0:
            print(
                f"{ends.total():,} done, {time.monotonic() - start:,.0f} s",
                file=sys.stderr,
                flush=True,
            )
        return [f"{out.name}: {problem}" for problem in problems]

    wrong = _share(rigs, points, break_at)
    for (call, fault, code), times in sorted(ends.items()):
        print(f"{call:<10}{fault:<22}exit {code:<5}{times:>6,}")
    return wrong


def kill_at_random(rigs: Sequence[Rig], times: int, seed: int) -> list[str]:
    """Kill builds with two workers, print how far they were, and give what was wrong.

    Each is killed up to a twentieth of a second after a random number of images is in place: times on the clock would
    all be too early or too late on a machine that has other work.
    """
    whole = sum(name.endswith(".jpg") for name in rigs[0].reference)
    generator, parts, slowest, halfway = random.Random(seed), Counter[int](), [0.0], [0]

    def kill(rig: Rig, moment: tuple[int, float]) -> list[str]:
        images, delay = moment
        out = rig.project / f"killed-{images}-{delay}"
        pid = rig.start(out, jobs=2)
        rig.let_go(pid)
        while images_done(out) < images and alive({pid}):
            time.sleep(0.001)
        time.sleep(delay)
        orphans = workers(pid)
        os.kill(pid, signal.SIGKILL)
        took = seconds_until_gone(orphans, at_most=10)
        slowest[0] = max(slowest[0], took)
        left = tree(out)
        done = sum(name.endswith(".jpg") for name in left)
        parts[10 * done // whole] += 1
        halfway[0] += 0 < done < whole
        rig.end(pid, out)
        wrong = [f"{out.name}: a worker lived for {took:.1f} s"] if took >= 2 else []
        wrong += [
            f"{out.name}: {name} is not whole"
            for name in left
            if left[name] != rig.reference.get(name)
        ]
        code = rig.build(out).code
        if code or tree(out) != rig.reference:
            wrong.append(f"{out.name}: the tree differs, or the second build failed: {code}")
        shutil.rmtree(out)
        return wrong

    wrong = _share(
        rigs, [(generator.randrange(whole), generator.uniform(0, 0.05)) for _ in range(times)], kill
    )
    print(
        f"{times} kills at random with two workers, seed {seed}; {halfway[0]} with some but not all images done"
    )
    print(f"the last worker was gone after {slowest[0]:.2f} s")
    for part in range(11):
        print(
            f"  {f'{10 * part} to {10 * part + 9} % done' if part < 10 else 'all done':<16}{parts[part]:>5}"
        )
    return wrong


@contextmanager
def _rigs(count: int, sources: int, size: tuple[int, int]) -> Iterator[list[Rig]]:
    with tempfile.TemporaryDirectory(prefix="augbuild-faults-") as folder, ExitStack() as stack:
        projects = [
            make_project(Path(folder) / str(number), sources, size) for number in range(count)
        ]
        yield [stack.enter_context(Rig(project)) for project in projects]


def _share(
    rigs: Sequence[Rig], cases: Sequence[Case], check: Callable[[Rig, Case], list[str]]
) -> list[str]:
    """Part the cases among the rigs, each in a thread of its own."""

    def work(share: int) -> list[str]:
        wrong = []
        for case in cases[share :: len(rigs)]:
            for problem in check(rigs[share], case):
                print(problem, flush=True)
                wrong.append(problem)
        return wrong

    with ThreadPoolExecutor(len(rigs)) as threads:
        return [problem for problems in threads.map(work, range(len(rigs))) for problem in problems]


def main() -> None:
    """Do both, print the problems, and exit with 1 if there were any."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, default=24)
    parser.add_argument(
        "--faults", default=",".join(FAULTS), help="what to inject, with commas; nothing: no sweep"
    )
    parser.add_argument("--calls", default=",".join(CALLS), help="which kinds of calls to break")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rigs", type=int, default=2)
    arguments = parser.parse_args()
    if not can_trace():
        sys.exit("strace is not here, or may not trace")
    faults = [name for name in arguments.faults.split(",") if name]
    if unknown := set(faults) - set(FAULTS):
        sys.exit(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    start, wrong = time.monotonic(), []
    if faults:
        with _rigs(arguments.rigs, arguments.sources, (24, 18)) as rigs:
            wrong += sweep(rigs, faults, arguments.calls.split(","))
    if arguments.kills:
        with _rigs(arguments.rigs, 48, (240, 180)) as rigs:
            wrong += kill_at_random(rigs, arguments.kills, arguments.seed)
    print(f"{len(wrong)} problems, {time.monotonic() - start:,.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
