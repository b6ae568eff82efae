"""Progress: lines where there is no terminal, a bar where there is one, nothing when quiet."""

from __future__ import annotations

import sys
import time

import pytest

from augbuild.core.progress import ProgressBar


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands where it is put."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_lines_come_every_few_seconds(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressBar("build", 1000, "images") as bar:
        clock[0] = 104.9
        bar.advance(10)
        assert capsys.readouterr().err == ""
        clock[0] = 105.0
        bar.advance(90)
        assert capsys.readouterr().err == "build: 100 of 1,000 images, 20 a second, 45 s left\n"
        clock[0] = 109.0
        bar.advance(100)
        assert capsys.readouterr().err == ""
        clock[0] = 110.0
        bar.advance(0)
    assert capsys.readouterr().err == "build: 200 of 1,000 images, 20 a second, 40 s left\n"


def test_slow_rates_keep_two_digits(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar("train", 4, "runs")
    clock[0] = 180.0
    bar.advance(1)
    assert capsys.readouterr().err == "train: 1 of 4 runs, 0.013 a second, 4:00 min left\n"


def test_nothing_done_has_no_rate(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar("train", 4, "runs")
    clock[0] = 180.0
    bar.advance(0)
    assert capsys.readouterr().err == "train: 0 of 4 runs\n"


def test_quiet_is_quiet(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("build", 10, "images", quiet=True) as bar:
        clock[0] = 200.0
        bar.advance(10)
    assert capsys.readouterr() == ("", "")


def test_terminal_gets_a_bar_and_no_lines(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressBar("build", 10, "images") as bar:
        clock[0] = 200.0
        bar.advance(10)
    shown = capsys.readouterr().err
    assert "build: 100%" in shown
    assert " of 10 images" not in shown


def test_quiet_terminal_gets_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressBar("build", 10, "images", quiet=True) as bar:
        bar.advance(10)
    assert capsys.readouterr().err == ""
