"""Signals: how a process stops when asked to; tests/system/test_crash.py sends them to builds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from augbuild.core.signals import STOPPING, StopRequested, handle_stop_signals, shield_children
from tests.conftest import REPOSITORY, photos, write_recipe

_SCRIPT = """
import hashlib, os, signal, sys, time
from augbuild.core.signals import STOPPING, StopRequested, handle_stop_signals
for number in STOPPING:
    signal.signal(number, signal.{before})
try:
    with handle_stop_signals():
        print("ready", flush=True)
        {work}
except StopRequested as stopped:
    print(stopped)
    time.sleep({linger})
    sys.exit(stopped.exit_code)
"""


def _start(work: str, linger: float = 0, ignored: bool = False) -> subprocess.Popen[str]:
    script = _SCRIPT.format(work=work, linger=linger, before="SIG_IGN" if ignored else "SIG_DFL")
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)
def test_first_signal_stops_and_the_others_change_nothing(number: signal.Signals) -> None:
    process = _start("time.sleep(60)", linger=0.5)
    for each in (number, *STOPPING, number):
        process.send_signal(each)
        time.sleep(0.05)
    said, errors = process.communicate(timeout=10)
    assert said == f"stopped by {number.name}\n"
    assert (errors, process.returncode) == ("", 128 + number)


def test_second_signal_before_the_first_is_seen_is_no_noise() -> None:
    process = _start(
        "hashlib.pbkdf2_hmac('sha256', b'', b'', 4 * 10**6)"
    )  # a second or so, all in C
    time.sleep(0.2)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    said, errors = process.communicate(timeout=10)
    assert (said, errors) == (
        "stopped by SIGINT\n",
        "",
    )


_IN_A_FINALISER = (
    "type('Dying', (), {'__del__': lambda self: os.kill(os.getpid(), signal.SIGTERM)})()"
)


@pytest.mark.parametrize("then", ["time.sleep(60)", "pass"])
def test_signal_that_comes_where_python_drops_exceptions_is_not_lost(then: str) -> None:
    start = time.monotonic()
    process = _start(
        f"time.sleep(0.3); {_IN_A_FINALISER}; {then}"
    )  # what follows the first line is ours to read
    said, errors = process.communicate(timeout=10)
    assert (said, errors) == (
        "stopped by SIGTERM\n",
        "",
    )
    assert process.returncode == 143
    assert time.monotonic() - start < 3


_IMPORT_THAT_FAILS = """
        try:
            time.sleep(60)
        except BaseException:
            raise ImportError("a library's own words for what cut its import short")"""
_BARE_EXCEPT = """
        try:
            time.sleep(60)
        except BaseException:
            pass"""
_EXIT = """
        try:
            time.sleep(60)
        except BaseException:
            sys.exit(3)"""


@pytest.mark.parametrize("work", [_IMPORT_THAT_FAILS, _BARE_EXCEPT, _EXIT])
def test_code_that_hides_the_signal_does_not_hide_it_from_us(work: str) -> None:
    process = _start(work)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=10)
    assert (said, errors, process.returncode) == ("stopped by SIGINT\n", "", 130)


def test_signals_of_others_are_theirs() -> None:
    process = _start(
        "signal.signal(signal.SIGUSR1, lambda *_: print('theirs', flush=True)); time.sleep(4.5)"
    )
    time.sleep(0.3)
    process.send_signal(signal.SIGUSR1)
    assert process.communicate(timeout=20) == ("theirs\n", "")
    assert process.returncode == 0


def test_other_errors_in_finalisers_are_printed_as_ever() -> None:
    process = _start("type('Dying', (), {'__del__': lambda self: 1 / 0})()")
    assert "ZeroDivisionError" in process.communicate(timeout=10)[1]


def test_last_words_are_those_asked_for() -> None:
    script = (
        "import hashlib\n"
        "from augbuild.core.signals import handle_stop_signals\n"
        "with handle_stop_signals(lambda stopped: f'farewell: {stopped}'):\n"
        "    print(flush=True)\n"
        "    hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, cwd=REPOSITORY) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGHUP)
        assert process.communicate(timeout=10) == ("", "farewell: stopped by SIGHUP\n")
    assert process.returncode == 129


def test_call_that_lets_no_handler_run_is_ended() -> None:
    process = _start("hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)")  # minutes, all in C
    time.sleep(0.5)  # let it get there
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    said, errors = process.communicate(timeout=10)
    assert 3 < time.monotonic() - start < 5
    assert said == ""
    assert errors == "stopped by SIGTERM\n"
    assert process.returncode == 143


def test_way_out_that_takes_too_long_is_cut() -> None:
    process = _start("time.sleep(60)", linger=60)
    start = time.monotonic()
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=10)
    assert time.monotonic() - start < 5
    assert process.returncode == 129


def test_nohup_is_honoured() -> None:
    process = _start("time.sleep(0.5)", ignored=True)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0


def test_all_is_as_before_afterwards() -> None:
    before = [signal.getsignal(number) for number in STOPPING]
    threads = threading.active_count()
    with handle_stop_signals():
        assert [signal.getsignal(number) for number in STOPPING] != before
    assert [signal.getsignal(number) for number in STOPPING] == before
    assert signal.set_wakeup_fd(-1) == -1
    deadline = time.monotonic() + 2
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == threads


def test_other_threads_may_use_it_and_set_nothing() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with handle_stop_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_children_never_see_them() -> None:
    with shield_children():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.3)"])
    for number in STOPPING:
        child.send_signal(number)
    assert child.wait(timeout=10) == 0
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(STOPPING)


_THREAD_THAT_LETS_SIGNALS_IN = """
import os, signal, threading, time
from augbuild.core.signals import StopRequested, handle_stop_signals, shield_children
try:
    with handle_stop_signals():
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        with shield_children():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.2)
            print("whole")
        print("never")
except StopRequested as stopped:
    print(stopped)
"""


def test_start_of_children_is_never_cut_short() -> None:
    command = [sys.executable, "-c", _THREAD_THAT_LETS_SIGNALS_IN]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=20)
    assert done.stdout == "whole\nstopped by SIGTERM\n"
    assert done.stderr == ""


def test_stopped_is_no_exception() -> None:
    assert not issubclass(StopRequested, Exception)
    assert StopRequested(signal.SIGHUP).exit_code == 129


def test_hung_up_terminal_changes_no_exit_code(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 150, "dogs": 150})
    project = write_recipe(tmp_path).parent
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [sys.executable, "-m", "augbuild", "make", "recipe.toml", "-j", "1", "--quiet"],
        stderr=writer, cwd=project, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # nohup has it ignored
    )  # fmt: skip
    os.close(writer)
    while not list((project / "out").glob("*/*/*.png")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=10) == 129
