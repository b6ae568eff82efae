"""Builds that can be broken at will, forked from one process that has imported everything.

So each costs little. ``with Rig(project) as rig`` starts that process. Each build it starts waits
until it is let go, so that strace can be attached to nothing but the build itself, and the n-th
call that is counted is the build's own.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import REPOSITORY, photo, tree, write_recipe

CALLS = {
    "write": ("write", "pwrite64"),
    "fsync": ("fsync", "fdatasync"),
    "rename": ("rename", "renameat", "renameat2"),
    "open": ("openat",),
    "mkdir": ("mkdir", "mkdirat"),
    "unlink": ("unlink", "unlinkat"),
}
"""The system calls that are broken, by what they do; strace counts each by itself."""

RECIPE = """
name = "faults"
[source]
path = "photos"
[split]
group = "none"
[output]
path = "out"
[augment]
variants = 3
[[transforms]]
op = "rotate"
degrees = { uniform = [-20, 20] }
[[transforms]]
op = "blur"
radius = { uniform = [1, 4] }
"""


def make_project(folder: Path, sources: int, size: tuple[int, int] = (24, 18)) -> Path:
    """Write a recipe beside a folder of small pictures in two classes, split already.

    From six on, both classes have pictures in both splits, so that nothing is found about them.
    """
    for index in range(sources):
        split = "test" if index % 3 == 2 else "train"
        photo(
            folder / "photos" / split / ("cats", "dogs")[index // 3 % 2] / f"{index}.jpg",
            index,
            size,
        )
    return write_recipe(folder, RECIPE).parent


def can_trace() -> bool:
    """Check whether strace is here and may attach to a process that is no child of its own."""
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        command = [
            "strace",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "inject=read:error=EIO",
            "-p",
            str(sleeper.pid),
        ]
        tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return False
    finally:
        traced = "tracer" in locals() and _is_traced(sleeper.pid, tracer)
        sleeper.kill()
        sleeper.wait()
    tracer.wait()
    return traced


def _is_traced(pid: int, tracer: subprocess.Popen[bytes]) -> bool:
    while tracer.poll() is None:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        if not re.search(r"^TracerPid:\s0$", status, re.MULTILINE):
            return True
        time.sleep(0.001)
    return False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a build ended: its exit code (minus the signal that killed it) and what it said."""

    code: int
    said: str


class Rig:
    """Starts builds of one project; a context manager."""

    def __init__(self, project: Path) -> None:
        self.project = project
        command = [sys.executable, "-m", "tests.system.fault_rig", str(project)]
        self._server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd=REPOSITORY,
        )
        self._answer()  # all is imported, and the reference is built

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.communicate()

    @cached_property
    def reference(self) -> dict[str, bytes]:
        """Read the tree of a build that nothing disturbed."""
        return tree(self.project / "reference")

    def start(self, out: Path, jobs: int = 1) -> int:
        """Fork a build that waits for `let_go`, and return its process id."""
        self._ask(f"start {jobs} {out}")
        return int(self._answer())

    def let_go(self, pid: int) -> None:
        """Start a build that waits."""
        os.kill(pid, signal.SIGUSR1)

    def end(self, pid: int, out: Path) -> Ended:
        """Wait for a build to end."""
        self._ask(f"wait {pid}")
        code = os.waitstatus_to_exitcode(int(self._answer()))
        return Ended(code, _log(out, pid).read_text(encoding="utf-8"))

    def build(self, out: Path, jobs: int = 1) -> Ended:
        """Build undisturbed."""
        pid = self.start(out, jobs)
        self.let_go(pid)
        return self.end(pid, out)

    def break_build(self, out: Path, call: str, fault: str, when: str) -> Ended:
        """Build while strace injects a fault into some calls of one name.

        `fault` is strace's own, "error=EIO" or "signal=KILL"; `when` counts, "3" or "3+".
        """
        return self._traced(out, ["-o", "/dev/null", "-e", f"inject={call}:{fault}:when={when}"])

    def find_calls(self, out: Path) -> dict[str, list[tuple[str, int]]]:
        """Build undisturbed and list every call that could be broken, by what it does.

        Each is a name and a number: the n-th call of that name.
        """
        log = out.with_suffix(".strace")
        names = [name for calls in CALLS.values() for name in calls]
        self._traced(out, ["-o", str(log), "-e", f"trace={','.join(names)}"])
        count = Counter(
            line.split("(")[0]
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        )
        return {
            kind: [(name, number) for name in calls for number in range(1, count[name] + 1)]
            for kind, calls in CALLS.items()
        }

    def _traced(self, out: Path, options: list[str]) -> Ended:
        pid = self.start(out)
        tracer = subprocess.Popen(
            ["strace", "-qq", *options, "-p", str(pid)], stderr=subprocess.PIPE
        )
        assert _is_traced(pid, tracer), tracer.communicate()
        self.let_go(pid)
        ended = self.end(pid, out)
        tracer.communicate()
        return ended

    def _ask(self, line: str) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(f"{line}\n")
        self._server.stdin.flush()

    def _answer(self) -> str:
        assert self._server.stdout is not None
        if not (line := self._server.stdout.readline()):
            raise RuntimeError("the rig's process is gone")
        return line


def break_and_mend(
    rig: Rig, out: Path, call: str, fault: str, when: str
) -> tuple[Ended, list[str]]:
    """Break a build, look at what it left and run it again.

    Returns how the first ended, and what is wrong with both.
    """
    ended = rig.break_build(out, call, fault, when)
    problems = []
    if not _is_in_order(ended, fault, speechless=call == "write" and when.endswith("+")):
        problems.append(f"ended with {ended}")
    left = (
        tree(out) if ended.code != 3 else {}
    )  # with a source rejected, what describes the tree is another
    problems += [
        f"{name} is not whole after {ended}"
        for name in left
        if left[name] != rig.reference.get(name)
    ]
    if ended.code in {0, 1} and (out / "manifest.jsonl").exists() and tree(out) != rig.reference:
        problems.append(f"a manifest stands in a tree that is not done, {ended}")
    again = rig.build(out)
    if again != Ended(0, ""):
        problems.append(f"ended with {ended}, and again with {again}")
    if tree(out) != rig.reference:
        problems.append(f"the tree differs after {ended}")
    return ended, problems


def _is_in_order(ended: Ended, fault: str, *, speechless: bool) -> bool:
    """Check whether a build may end so; an error of the whole machine rejects no file.

    `speechless` is one that can write nothing from then on, not even to its standard error.
    """
    if speechless and ended == Ended(1, ""):
        return True
    if ended.code == 1 or (ended.code == 2 and "recipe.toml cannot be read: " in ended.said):
        return re.fullmatch(r"augbuild: [^\n]{20,}\n", ended.said) is not None
    if fault == "signal=KILL":  # or the call that was to kill it never came
        return ended == Ended(-signal.SIGKILL, "")
    # A part of matplotlib that cannot be read, and that the chart does not need: its own warning.
    if ended.code == 0 and "Unable to import Axes3D" in ended.said:
        return True
    allowed = {Ended(0, "")}
    if fault != "error=EMFILE":
        allowed.add(Ended(3, ""))
    return ended in allowed


def descendants(pid: int) -> set[int]:
    """Find the processes that a process has started, and those that they have."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(status.parent.name)] = int(
                status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1]
            )
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def workers(pid: int) -> set[int]:
    """Find the workers of a build: all that it has started but joblib's trackers and the chart's.

    Trackers clean up after the last worker; the chart is drawn beside them.
    """
    others = (b"resource_tracker", b"augbuild.core.processes.aside")
    found = set()
    for child in descendants(pid):
        with suppress(OSError):
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if command and not any(each in command for each in others):  # a zombie has none
                found.add(child)
    return found


def alive(pids: Iterable[int]) -> set[int]:
    """Return those of some processes that still run; a zombie does not."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            if (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
                not in "ZX"
            ):
                found.add(pid)
    return found


def seconds_until_gone(pids: Iterable[int], at_most: float) -> float:
    """Wait until some processes are gone, and return how long that took."""
    start, pids = time.monotonic(), set(pids)
    while (took := time.monotonic() - start) < at_most and alive(pids):
        time.sleep(0.01)
    return took


def images_done(out: Path) -> int:
    """Count the images that are in place."""
    return sum(1 for _ in out.glob("*/*/*.jpg"))


def _log(out: Path, pid: int) -> Path:
    return out.with_name(f"{out.name}.{pid}.log")


def _build(project: Path, out: Path, jobs: int) -> int:
    """Do what the command line does, and return its exit code."""
    from augbuild.cli import main

    try:
        main(["make", str(project / "recipe.toml"), "--out", str(out), "-j", str(jobs), "--quiet"])
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("click always exits")


def _fork_build(project: Path, out: Path, jobs: int) -> int:
    """Fork a build that begins at SIGUSR1, and wait until it is ready.

    What it opens before is not to be broken.
    """
    ready, tell = os.pipe()
    if pid := os.fork():
        os.close(tell)
        os.read(ready, 1)
        os.close(ready)
        return pid
    os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(
            number, signal.SIG_DFL
        )  # a shell starts what is to run beside it with SIGINT ignored
    log = os.open(_log(out, os.getpid()), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.close(ready)
    os.close(tell)
    signal.sigwait({signal.SIGUSR1})
    code = _build(project, out, jobs)
    if (
        jobs == 1
    ):  # no pool to end: to take all that was imported down again would take as long as the build
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def serve(project: Path) -> None:
    """Import everything by building the reference, then fork builds as standard input asks."""
    import augbuild.building.execute

    assert _build(project, project / "reference", 1) == 0
    augbuild.building.execute._POOL_PAYS_FROM = 0  # builds this small would not use their workers
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    # A fork that looks for garbage copies all the memory that it looks at: most of its time.
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        what, *rest = line.rstrip("\n").split(" ", 2)
        print(
            _fork_build(project, Path(rest[1]), int(rest[0]))
            if what == "start"
            else os.waitpid(int(rest[0]), 0)[1],
            flush=True,
        )


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
