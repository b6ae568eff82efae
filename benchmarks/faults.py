"""Break a build at every system call, and kill others at random; run each again, compare the trees.

    python -m benchmarks.faults [--sources 24] [--faults "kill -9,ENOSPC"] [--calls write,fsync]
                                [--kills 300]

Needs strace that may trace.
Prints the tables of docs/reliability.md; exits with 1 where a tree was lost.
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

# What strace injects, and how it goes on after the n-th call ("+": at every later one, too).
FAULTS = {
    "kill -9": ("signal=KILL", ""),
    "ENOSPC": ("error=ENOSPC", ""),
    "ENOSPC from then on": ("error=ENOSPC", "+"),
    "EIO": ("error=EIO", ""),
    "EACCES": ("error=EACCES", ""),
    "EMFILE": ("error=EMFILE", ""),
}
LONGEST_ORPHAN = 2.0  # seconds that a worker may outlive its parent: docs/reliability.md
Point = tuple[str, int, str]
Case = TypeVar("Case")


def sweep(rigs: Sequence[Rig], faults: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Break every call of these kinds in each of these ways; return what was wrong.

    Prints how the builds ended.
    """
    calls = rigs[0].find_calls(rigs[0].project / "undisturbed")
    points: list[Point] = []
    for kind in kinds:
        for fault in faults:
            if fault == "EMFILE" and kind != "open":
                continue  # no other call runs out of file descriptors
            points += [(call, number, fault) for call, number in calls[kind]]
    count = Counter(call for kind in kinds for call, _ in calls[kind])
    print(f"{len(points):,} faults: calls of an undisturbed build {dict(count)}", flush=True)
    ends = Counter[tuple[str, str, str]]()
    start = time.monotonic()

    def break_at(rig: Rig, point: Point) -> list[str]:
        call, number, fault = point
        injected, suffix = FAULTS[fault]
        out = rig.project / f"{call}-{number}-{fault.replace(' ', '-')}"
        ended, problems = break_and_mend(rig, out, call, injected, f"{number}{suffix}")
        ends[call, fault, str(ended.code)] += 1
        shutil.rmtree(out, ignore_errors=True)
        if ends.total() % 100 == 0:
            seconds = time.monotonic() - start
            print(f"{ends.total():,} done, {seconds:,.0f} s", file=sys.stderr, flush=True)
        return [f"{out.name}: {problem}" for problem in problems]

    wrong = share(rigs, points, break_at)
    for (call, fault, code), times in sorted(ends.items()):
        print(f"{call:<10}{fault:<22}exit {code:<5}{times:>6,}")
    return wrong


def kill_at_random(rigs: Sequence[Rig], times: int, seed: int) -> list[str]:
    """Kill builds with two workers at random moments; return what was wrong.

    Each is killed up to a twentieth of a second after a random number of images is in place: times
    on the clock would all be too early or too late on a machine that has other work. Prints how far
    the builds were.
    """
    whole = count_images(rigs[0].reference)
    done: list[int] = []
    orphaned: list[float] = []

    def kill(rig: Rig, moment: tuple[int, float]) -> list[str]:
        images, delay = moment
        out = rig.project / f"killed-{images}-{delay}"
        seconds = kill_after(rig, out, images, delay)
        left = tree(out)
        done.append(count_images(left))
        orphaned.append(seconds)
        wrong = []
        if seconds >= LONGEST_ORPHAN:
            wrong.append(f"{out.name}: a worker lived for {seconds:.1f} s")
        for name, content in left.items():
            if content != rig.reference.get(name):
                wrong.append(f"{out.name}: {name} is not whole")
        code = rig.build(out).code
        if code or tree(out) != rig.reference:
            wrong.append(f"{out.name}: the tree differs, or the second build failed: {code}")
        shutil.rmtree(out)
        return wrong

    generator = random.Random(seed)
    moments = [(generator.randrange(whole), generator.uniform(0, 0.05)) for _ in range(times)]
    wrong = share(rigs, moments, kill)
    halfway = sum(0 < images < whole for images in done)
    print(f"{times} kills at random with two workers, seed {seed}")
    print(f"{halfway} of them with some but not all images done")
    print(f"the last worker was gone after {max(orphaned):.2f} s")
    tenths = Counter(10 * images // whole for images in done)
    for tenth in range(10):
        print(f"  {f'{10 * tenth} to {10 * tenth + 9} % done':<16}{tenths[tenth]:>5}")
    print(f"  {'all done':<16}{tenths[10]:>5}")
    return wrong


def kill_after(rig: Rig, out: Path, images: int, delay: float) -> float:
    """Kill a build after so many images and seconds; return how long its workers lived on."""
    pid = rig.start(out, jobs=2)
    rig.let_go(pid)
    while images_done(out) < images and alive({pid}):
        time.sleep(0.001)
    time.sleep(delay)
    orphans = workers(pid)
    os.kill(pid, signal.SIGKILL)
    seconds = seconds_until_gone(orphans, at_most=10)
    rig.end(pid, out)
    return seconds


def count_images(files: dict[str, bytes]) -> int:
    """Count the images of a tree."""
    return sum(name.endswith(".jpg") for name in files)


@contextmanager
def open_rigs(count: int, sources: int, size: tuple[int, int]) -> Iterator[list[Rig]]:
    """Make so many projects, each with a process that builds it again and again."""
    with tempfile.TemporaryDirectory(prefix="augbuild-faults-") as folder, ExitStack() as stack:
        rigs = []
        for number in range(count):
            project = make_project(Path(folder) / str(number), sources, size)
            rigs.append(stack.enter_context(Rig(project)))
        yield rigs


def share(
    rigs: Sequence[Rig], cases: Sequence[Case], check: Callable[[Rig, Case], list[str]]
) -> list[str]:
    """Check all cases, parted among the rigs, each in a thread of its own; return the problems."""

    def work(number: int) -> list[str]:
        wrong = []
        for case in cases[number :: len(rigs)]:
            for problem in check(rigs[number], case):
                print(problem, flush=True)
                wrong.append(problem)
        return wrong

    problems: list[str] = []
    with ThreadPoolExecutor(len(rigs)) as threads:
        for found in threads.map(work, range(len(rigs))):
            problems += found
    return problems


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
    unknown = sorted(set(faults) - set(FAULTS))
    if unknown:
        sys.exit(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")

    start = time.monotonic()
    wrong = []
    if faults:
        with open_rigs(arguments.rigs, arguments.sources, (24, 18)) as rigs:
            wrong += sweep(rigs, faults, arguments.calls.split(","))
    if arguments.kills:
        with open_rigs(arguments.rigs, 48, (240, 180)) as rigs:
            wrong += kill_at_random(rigs, arguments.kills, arguments.seed)
    print(f"{len(wrong)} problems, {time.monotonic() - start:,.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
