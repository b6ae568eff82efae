"""The pool: order, early ends, and workers that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import pytest

import augbuild.core.pool as pool
from augbuild.core.pool import (
    Backend,
    available_cpus,
    chunked,
    map_cheap,
    map_pooled,
    map_resilient,
)
from augbuild.errors import AugbuildError
from tests.conftest import REPOSITORY


def _square(number: int) -> int:
    return number * number


def _die_at_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def _die_once(marker: Path) -> str:
    """Die like a worker that is out of memory only because of what runs beside it."""
    if marker.name == "crowded" and not marker.exists():
        marker.touch()
        os._exit(137)
    return marker.name


def _fail(number: int) -> int:
    raise ValueError(f"cannot do {number}")


def _minus(number: int) -> int:
    return -number


@pytest.mark.parametrize(("n_jobs", "backend"), [(1, "loky"), (2, "loky"), (2, "threading")])
def test_results_come_in_order(n_jobs: int, backend: Backend) -> None:
    assert list(map_pooled(_square, range(50), n_jobs=n_jobs, backend=backend)) == [
        n * n for n in range(50)
    ]
    lists = map_resilient(_square, range(50), n_jobs=n_jobs, backend=backend, size=8, lost=_minus)
    assert list(lists) == [[n * n for n in chunk] for chunk in chunked(range(50), 8)]


def test_few_cheap_items_start_no_pool() -> None:
    assert (
        list(map_cheap(lambda _: os.getpid(), [1, 2, 3], n_jobs=2, pays_from=4, lost=_minus))
        == [os.getpid()] * 3
    )


def test_processors_are_counted_as_joblib_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available_cpus() == joblib.cpu_count()
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert available_cpus() == 1


@pytest.mark.parametrize(
    ("content", "count"),
    [
        ("max 100000", 64), ("150000 100000", 2), ("50000 100000", 1), ("9900000 100000", 64),
        ("", 64), ("1 0", 64), ("-1 100000", 64),
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", [1, 2])
def test_a_container_may_have_fewer_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, count: int, version: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    for name in ("_CPU_MAX", "_CPU_QUOTA", "_CPU_PERIOD"):
        monkeypatch.setattr(pool, name, tmp_path / name)
    if version == 2:
        (tmp_path / "_CPU_MAX").write_text(f"{content}\n")
    elif content:
        for name, each in zip(("_CPU_QUOTA", "_CPU_PERIOD"), content.split(), strict=True):
            (tmp_path / name).write_text(f"{each}\n")
    assert available_cpus() == count


@pytest.mark.parametrize("at", [1, 3, 100])
def test_item_that_kills_its_worker_is_lost_and_no_other(at: int) -> None:
    numbers = [number for number in range(40) if number != 7] + [7] * (at == 100)
    numbers[at:at] = [7] * (at != 100)
    results = [
        each
        for part in map_resilient(_die_at_seven, numbers, n_jobs=2, size=4, lost=_minus)
        for each in part
    ]
    assert results == [-7 if number == 7 else number for number in numbers]


def test_several_killers_are_each_lost() -> None:
    numbers = [7, 1, 7, 2, *range(20, 40), 7]
    results = [
        each
        for part in map_resilient(_die_at_seven, numbers, n_jobs=2, size=2, lost=_minus)
        for each in part
    ]
    assert results == [-7 if number == 7 else number for number in numbers]


def test_item_that_only_died_of_its_neighbours_is_kept(tmp_path: Path) -> None:
    markers = [tmp_path / name for name in ("a", "crowded", "b", "c")]
    lists = map_resilient(
        _die_once, markers, n_jobs=2, size=1, lost=lambda marker: f"lost {marker.name}"
    )
    assert list(lists) == [["a"], ["crowded"], ["b"], ["c"]]


def test_killed_worker_of_a_plain_run_is_a_sentence() -> None:
    with pytest.raises(
        AugbuildError,
        match=r"a worker process was killed, probably out of memory; use fewer workers \(-j\)",
    ):
        list(map_pooled(_die_at_seven, range(20), n_jobs=2))


def test_machine_that_runs_no_worker_blames_no_item(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os\nif any('loky' in each for each in sys.orig_argv): os._exit(1)\n",
        encoding="utf-8",
    )
    script = (
        "from augbuild.core.pool import map_resilient\n"
        "from augbuild.errors import AugbuildError\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        print(list(map_resilient(abs, range(8), n_jobs=2, size=1, lost=abs)))\n"
        "    except AugbuildError as error:\n"
        "        print(error)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{REPOSITORY}")
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert (
        said.stdout == "worker processes end as soon as they start; use -j 1 to work without them\n"
    )


_STOPPED_WHILE_STARTING = """
import os, signal
from augbuild.core.pool import map_pooled


class Stop(BaseException):
    pass


def stop(*_):
    raise Stop


def items():
    for number in range(8):
        if number == 2:
            os.kill(os.getpid(), signal.SIGTERM)  # seen when the pool has started
        yield number


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    for _ in range(15):
        try:
            list(map_pooled(abs, items(), n_jobs=2))
        except Stop:
            print("stopped")
"""


def test_pool_that_is_stopped_as_it_starts_says_nothing() -> None:
    command = [sys.executable, "-c", _STOPPED_WHILE_STARTING]
    said = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=100, check=True
    )
    assert (said.stdout, said.stderr) == ("stopped\n" * 15, "")


def test_errors_of_the_function_come_through() -> None:
    with pytest.raises(ValueError, match=r"cannot do \d"):
        list(map_resilient(_fail, range(8), n_jobs=2, size=2, lost=_minus))


def test_stopping_early_is_silent_and_stops_the_workers() -> None:
    results = map_resilient(_square, range(10_000), n_jobs=2, size=1, lost=_minus)
    assert next(results) == [0]
    start = time.monotonic()
    results.close()  # joblib would warn, and pytest make it an error
    assert time.monotonic() - start < 5
