"""A module beside this process: its answer, or none, and never a process that is left over."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from augbuild.core.processes.aside import Aside

MODULES = {
    "reverse": "import sys\nsys.stdout.write(sys.stdin.read()[::-1])\n",
    "fails": "import sys\nprint('half')\nsys.exit(3)\n",
    "hangs": "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n",
    "where": "import os\nprint(os.getsid(0) == os.getpid(), end='')\n",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a few modules that this process could import."""
    for name, content in MODULES.items():
        (tmp_path / f"aside_{name}.py").write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_module_answers() -> None:
    with Aside("aside_reverse", b"abc") as aside:
        assert aside.answer() == b"cba"


def test_signals_of_a_terminal_do_not_reach_it() -> None:
    with Aside("aside_where", b"") as aside:
        assert aside.answer() == b"True"


@pytest.mark.parametrize("module", ["aside_fails", "no_such_module"])
def test_a_module_that_fails_has_no_answer(module: str, capfd: pytest.CaptureFixture[str]) -> None:
    with Aside(module, b"x") as aside:
        assert aside.answer() is None
    assert capfd.readouterr() == ("", "")


def test_a_module_that_was_not_waited_for_ends_with_the_block() -> None:
    with Aside("aside_hangs", b"") as aside:
        assert aside._process is not None
        pid = aside._process.pid
        assert is_there(pid)
    assert not is_there(pid)
    assert aside.answer() is None


def test_a_system_without_processes_has_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Aside("aside_reverse", b"abc") as aside:
        assert aside.answer() is None


def test_an_application_with_python_in_it_is_not_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with Aside("aside_reverse", b"abc") as aside:
        assert aside.answer() is None


def test_files_of_the_working_directory_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "json.py").write_text("raise SystemExit(9)\n", encoding="utf-8")
    (tmp_path / "aside_json.py").write_text("import json\nprint(json.dumps(1), end='')\n")
    monkeypatch.chdir(here)
    with Aside("aside_json", b"") as aside:
        assert aside.answer() == b"1"


_KILLED = """
import os, signal
from augbuild.core.processes.aside import Aside
aside = Aside("aside_hangs", b"")
print(aside._process.stdout.readline().decode(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_with_a_process_that_is_killed(modules: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(modules), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", _KILLED], env=environment, capture_output=True, text=True, timeout=60
    )
    pid = int(done.stdout)
    deadline = time.monotonic() + 20
    while is_there(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
