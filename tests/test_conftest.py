"""A test that cannot run says why, and where CI is set it is expected; some tests run alone."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Literal

import pytest

from tests.conftest import ALONE, REPOSITORY, refuse_skip


def report_of(
    reason: str, outcome: Literal["passed", "failed", "skipped"] = "skipped"
) -> pytest.TestReport:
    """Build the report of a test as pytest does."""
    where = ("tests/test_x.py", 3, f"Skipped: {reason}" if reason else "Skipped")
    return pytest.TestReport("tests/test_x.py::test_x", where, {}, outcome, where, "call")


@pytest.mark.parametrize("ci", ["true", ""])
def test_skip_without_reason_fails(ci: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", ci)
    for reason in ("", "unconditional skip"):
        report = report_of(reason)
        refuse_skip(report)
        assert report.failed


@pytest.mark.parametrize(
    ("reason", "ci", "outcome"),
    [
        ("needs the real photos of ../shared/data", "true", "skipped"),
        ("nothing is forbidden to root", "true", "skipped"),
        ("could not import 'onnxscript'", "true", "failed"),
        ("could not import 'onnxscript'", "", "skipped"),
    ],
)
def test_skip_in_ci_is_expected_or_fails(
    reason: str, ci: str, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    report = report_of(reason)
    refuse_skip(report)
    assert report.outcome == outcome


def test_expected_failure_is_no_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    report = report_of("whatever")
    report.wasxfail = "a known fault"
    refuse_skip(report)
    assert report.skipped


def test_other_reports_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    report = report_of("whatever", "passed")
    refuse_skip(report)
    assert report.passed


def test_files_that_run_alone_are_marked() -> None:
    fast = ALONE[1]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    chosen = {}
    for marker in ("alone", "not alone"):
        done = subprocess.run(
            [*command, "-m", marker, fast, "tests/test_conftest.py"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        chosen[marker] = set(re.findall(r"^(tests/[\w/]+\.py)(?:::|:)", done.stdout, re.MULTILINE))
    assert chosen == {"alone": {fast}, "not alone": {"tests/test_conftest.py"}}
