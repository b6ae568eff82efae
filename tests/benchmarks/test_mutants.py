"""`make mutants` on a repository of one module, whose tests hold one of its two lines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

MODULE = """
def larger(a, b):
    return a > b


def first(items):
    return sorted(items)
"""
TESTS = """
from augbuild.small import larger, first

def test_larger():
    assert larger(2, 1) and not larger(1, 1) and not larger(1, 2)

def test_first():
    assert first([1, 2]) == [1, 2]
"""
CONFTEST = """
from hypothesis import settings
settings.register_profile("mutants")
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with a module, its tests and the two scripts."""
    files = {
        "augbuild/small.py": MODULE,
        "augbuild/__init__.py": "",
        "tests/augbuild/test_small.py": TESTS,
        "tests/conftest.py": CONFTEST,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copytree(REPOSITORY / "benchmarks", tmp_path / "benchmarks")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def run_mutants(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a repository."""
    command = [sys.executable, "benchmarks/mutants.py", *arguments]
    return subprocess.run(
        command,
        cwd=repository,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository)},
        timeout=100,
    )


def test_survivor_is_named_and_too_many_fail(repository: Path) -> None:
    done = run_mutants(repository, "augbuild/small.py")
    assert "augbuild/small.py:7: survived: sorted(items)  ->  list(items)" in done.stdout
    assert done.stdout.count("survived") == 1
    assert "4 of 5 mutants killed: 80.0 %" in done.stdout
    assert done.returncode == 1
    assert (repository / "augbuild" / "small.py").read_text() == MODULE


def test_share_and_lines_are_options(repository: Path) -> None:
    done = run_mutants(repository, "augbuild/small.py", "--lines", "1-4")
    assert "3 of 3 mutants killed: 100.0 %" in done.stdout
    assert done.returncode == 0
    done = run_mutants(repository, "augbuild", "--at-least", "80")
    assert done.returncode == 0


def test_tests_that_fail_anyway_are_no_measure(repository: Path) -> None:
    (repository / "tests" / "augbuild" / "test_small.py").write_text("def test(): assert False")
    done = run_mutants(repository, "augbuild/small.py")
    assert "augbuild/small.py: the tests fail without any change" in done.stderr
    assert done.returncode == 1


def test_name_of_no_module_is_refused(repository: Path) -> None:
    done = run_mutants(repository, "augbuild/smal.py")
    assert "no module and no folder of modules: augbuild/smal.py" in done.stderr
