"""A build that is broken at any moment, and run again, is the one that nothing broke.

The full sweep is benchmarks/faults.py.
"""

from __future__ import annotations

import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from augbuild.dataset.results import Entry
from augbuild.dataset.state import State
from tests.conftest import REPOSITORY, photo, photos, tree, write_recipe
from tests.system.fault_rig import (
    CALLS,
    Rig,
    alive,
    break_and_mend,
    can_trace,
    descendants,
    images_done,
    make_project,
    seconds_until_gone,
    workers,
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(),
    reason="looks at processes in /proc, which this system lacks",
)

_FAULTS = ("signal=KILL", "error=ENOSPC", "error=EIO", "error=EACCES")
_MORE_FAULTS = {"open": ("error=EMFILE",)}
# For each fault, which is placed between the points of the others.
_POINTS = {
    "write": 9,
    "open": 6,
    "rename": 5,
    "mkdir": 3,
    "unlink": 2,
    "fsync": 3,
}
_KILLS = 10


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig whose builds take a second or so with two workers."""
    with Rig(make_project(tmp_path_factory.mktemp("rig"), 48, (240, 180))) as rig:
        yield rig


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or may not trace here")
def test_every_kind_of_call_broken_at_points_spread_over_a_build(tmp_path: Path) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(2) as threads:
        rigs = [
            stack.enter_context(Rig(make_project(tmp_path / name, 6))) for name in ("one", "two")
        ]
        every = rigs[0].find_calls(rigs[0].project / "undisturbed")
        cases = []
        for kind, points in _POINTS.items():
            faults = (*_FAULTS, *_MORE_FAULTS.get(kind, ()))
            places = len(faults) * points
            for place in range(places):
                call = every[kind][place * len(every[kind]) // places]
                cases.append((*call, faults[place % len(faults)]))
        assert len(cases) == 118

        def sweep(share: int) -> tuple[list[str], set[int]]:
            wrong, codes = [], set()
            for call, number, fault in cases[share::2]:
                out = rigs[share].project / f"{call}-{number}-{fault}"
                ended, problems = break_and_mend(rigs[share], out, call, fault, str(number))
                wrong += [f"{out.name}: {problem}" for problem in problems]
                codes.add(ended.code)
                shutil.rmtree(out)
            return wrong, codes

        (wrong, codes), (more, others) = threads.map(sweep, range(2))
    assert wrong + more == []
    assert {1, -signal.SIGKILL} <= codes | others <= {0, 1, 3, -signal.SIGKILL}
    assert set(CALLS) == set(_POINTS)


def _started(rig: Rig, out: Path, images: int = 1) -> int:
    """Start a build with two workers and wait until it has made some images."""
    pid = rig.start(out, jobs=2)
    rig.let_go(pid)
    while images_done(out) < images:
        assert alive({pid})
        time.sleep(0.002)
    return pid


def test_killed_at_random_times(rig: Rig, tmp_path: Path) -> None:
    generator, whole, halfway = random.Random(4), len(rig.reference), 0
    for number in range(_KILLS):
        out = tmp_path / str(number)
        pid = _started(rig, out, images=generator.randrange(1, 110))
        family = descendants(pid)
        os.kill(pid, signal.SIGKILL)
        assert len(family) >= 2
        assert seconds_until_gone(family, at_most=3) < 2
        left = tree(out)
        halfway += 0 < images_done(out) < whole - 5
        assert "manifest.jsonl" not in left or left == rig.reference
        assert all(content == rig.reference[name] for name, content in left.items())
        rig.end(pid, out)
        assert rig.build(out).code == 0
        assert tree(out) == rig.reference
        shutil.rmtree(out)
    assert halfway >= 0.8 * _KILLS


@pytest.mark.parametrize("to_group", [False, True], ids=["process", "group"])
@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
def test_signals(
    rig: Rig, tmp_path: Path, number: signal.Signals, twice: bool, to_group: bool
) -> None:
    out = tmp_path / "out"
    pid = _started(rig, out)
    family, start = descendants(pid), time.monotonic()
    for _ in range(1 + twice):
        (os.killpg if to_group else os.kill)(pid, number)
        time.sleep(0.02 * twice)
    ended = rig.end(pid, out)
    assert time.monotonic() - start < 5
    assert ended.code == 128 + number
    assert (
        ended.said
        == f"augbuild: stopped by {number.name}; run the same command again to go on from here\n"
    )
    assert seconds_until_gone(family, at_most=3) < 2
    assert rig.build(out).code == 0
    assert tree(out) == rig.reference


def test_signal_to_a_build_in_one_process(rig: Rig, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pid = rig.start(out)
    rig.let_go(pid)
    while not images_done(out):
        time.sleep(0.002)
    os.kill(pid, signal.SIGINT)
    assert rig.end(pid, out).code == 130
    assert rig.build(out).code == 0
    assert tree(out) == rig.reference


def test_killed_worker_loses_nothing(rig: Rig, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pid = _started(rig, out)
    victim, _ = workers(pid)
    os.kill(victim, signal.SIGKILL)
    assert rig.end(pid, out).code == 0
    assert tree(out) == rig.reference


class TestPowerCut:
    """Files that were written but not synced come back empty or full of zeros."""

    @staticmethod
    def _zero(out: Path) -> int:
        made = sorted(out.glob("*/*/*.jpg"))
        for path in made:
            path.write_bytes(bytes(path.stat().st_size))
        return len(made)

    @staticmethod
    def _interrupt(rig: Rig, out: Path, built: int) -> set[int]:
        """Kill a build when so many sources are noted as built; return the runs that built them."""
        pid = _started(rig, out)
        entries: list[Entry] = []
        while len(entries) < built:
            assert alive({pid})
            with State(out / ".augbuild" / "state.sqlite", read_only=True) as state:
                entries = [entry for entry in state.entries() if entry.status == "built"]
        os.kill(pid, signal.SIGKILL)
        rig.end(pid, out)
        return {entry.run for entry in entries}

    def test_what_an_interrupted_build_wrote_is_not_trusted(self, rig: Rig, tmp_path: Path) -> None:
        out = tmp_path / "out"
        assert self._interrupt(rig, out, built=10) == {1}
        assert self._zero(out) >= 10
        assert rig.build(out).code == 0
        assert tree(out) == rig.reference

    def test_nor_is_it_after_a_second_interruption(self, rig: Rig, tmp_path: Path) -> None:
        out = tmp_path / "out"
        assert self._interrupt(rig, out, built=1) == {1}
        assert self._interrupt(rig, out, built=30) == {1, 2}
        assert self._zero(out) >= 30
        assert rig.build(out).code == 0
        assert tree(out) == rig.reference

    def test_nor_are_chart_and_card(self, rig: Rig, tmp_path: Path) -> None:
        out = tmp_path / "out"
        assert rig.build(out).code == 0
        for name in ("train", "augmented_train"):
            shutil.rmtree(out / name)
        pid = _started(rig, out, images=20)
        os.kill(pid, signal.SIGKILL)
        rig.end(pid, out)
        assert not (out / "manifest.jsonl").exists()
        for name in ("README.md", "counts.png"):
            (out / name).write_bytes(b"")
        assert rig.build(out).code == 0
        assert tree(out) == rig.reference


def test_of_two_builders_one_proceeds_and_the_other_names_it(rig: Rig, tmp_path: Path) -> None:
    generator = random.Random(5)
    for number in range(10):
        out = tmp_path / str(number)
        (out / ".augbuild").mkdir(parents=True)
        (out / ".augbuild" / "holder.json").write_text('{"pid": 4194304, "host": "gone"}')
        pids = [rig.start(out) for _ in range(2)]
        for pid in pids:
            rig.let_go(pid)
            time.sleep(generator.uniform(0, 0.05))
        first, second = (rig.end(pid, out) for pid in pids)
        assert {first.code, second.code} == {0, 1}
        winner, said = (pids[0], second.said) if second.code else (pids[1], first.said)
        holder = f"process {winner} on {platform.node()!r}"
        assert said == f"augbuild: {out}: {holder} is building here; wait until it has finished\n"
        assert tree(out) == rig.reference


_KILLER = """
import os, signal
from PIL import Image

opened = Image.open


def crash(file, *rest, **options):
    image = opened(file, *rest, **options)
    if image.size == (31, 17):
        os.kill(os.getpid(), signal.SIGKILL)
    return image


Image.open = crash
"""


def test_picture_that_kills_its_worker_is_rejected_by_name(tmp_path: Path) -> None:
    """A crash in a decoder, played by a `sitecustomize` that the processes of the pool load."""
    # Not split yet, and without a look for near-duplicates, which decodes in the command itself.
    recipe = write_recipe(tmp_path)
    photos(tmp_path / "photos", {"cats": 12, "dogs": 12}, ".jpg")
    photo(tmp_path / "photos" / "cats" / "killer.jpg", 99, (31, 17))
    for path in (tmp_path / "photos").rglob("*.jpg"):
        os.truncate(
            path, 1_000_000
        )  # enough bytes that a pool is worth its start; Pillow reads no further than the end
    (tmp_path / "sitecustomize.py").write_text(_KILLER, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "augbuild",
        "make",
        str(recipe),
        "-j",
        "2",
        "--quiet",
    ]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (3, "")
    assert [
        json.loads(line)
        for line in (tmp_path / "out" / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    ] == [
        {
            "source": "cats/killer.jpg",
            "reason": "out_of_memory",
            "message": "it killed its worker process twice; there was probably not enough memory",
        }
    ]
    assert not list((tmp_path / "out").glob("*/*/killer*"))
    (tmp_path / "sitecustomize.py").unlink()
    assert subprocess.run(command, timeout=100).returncode == 0  # what may pass is tried again
    assert len(list((tmp_path / "out").glob("*/*/killer*"))) == 3
