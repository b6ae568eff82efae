"""A comparison that is killed at any moment and resumed: a file of its own, for it takes long."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.trainer.comparison.conftest import Finished
from tests.trainer.comparison.small import ARCH


def test_killed_at_any_moment_and_resumed_comes_to_the_same(
    finished: Finished, tmp_path: Path
) -> None:
    """kill -9 before, within and between runs; what is finished is not touched again."""
    out = tmp_path / "out"
    command = [
        *(sys.executable, "-m", "trainer", "compare", "--manifest", str(finished.manifest)),
        *("--arms", "original,augmented", "--seeds", "3", "--budget", "steps:6"),
        *("--arch", ARCH, "--image-size", "32", "--batch-size", "8", "--device", "cpu"),
        *("--precision", "fp32", "--cache", "none", "--resume", "--json", "--out", str(out)),
    ]
    times: dict[Path, int] = {}
    for runs in (0, 3):
        process = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not out.exists() or len(list(out.glob("runs/*/metrics.json"))) < runs:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for file in out.glob("runs/*/metrics.json"):
            times[file] = file.stat().st_mtime_ns
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert len(times) >= 3
    assert {file: file.stat().st_mtime_ns for file in times} == times
    expected = (finished.out / "comparison.json").read_bytes()
    assert (out / "comparison.json").read_bytes() == expected
    assert json.loads(ended.stdout) == json.loads(expected)
