"""The edge of the command lines: one sentence and an exit code, whatever happens behind it."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from augbuild.cli.group import CONTEXT, Group, verbose_option
from augbuild.errors import (
    AugbuildError,
    DivergedError,
    ImageError,
    OutputError,
    RecipeError,
    UsageError,
)
from tests.conftest import REPOSITORY

NEEDS_TRAIN = "this needs the training libraries: pip install 'augbuild[train]'"

ERRORS: dict[str, tuple[BaseException, int, str]] = {
    "ours": (OutputError("out is full"), 1, "out is full"),
    "recipe": (RecipeError("two\nlines"), 2, "two\nlines"),
    "usage": (UsageError("--lr must be a number"), 2, "--lr must be a number"),
    "image": (ImageError("empty", "x.jpg has no bytes"), 1, "x.jpg has no bytes"),
    "trainer": (DivergedError("the loss is nan"), 1, "the loss is nan"),
    "hostile": (AugbuildError("\x1b[2Jx\u202e"), 1, "\\x1b[2Jx\\u202e"),
    "file": (OSError(errno.ENOSPC, "No space left", "a\x1bb"), 1, "a\\x1bb: No space left"),
    "bytes": (OSError(errno.ENOSPC, "No space left", b"ab"), 1, "b'ab': No space left"),
    "no file": (OSError(errno.EMFILE, "Too many open files"), 1, "Too many open files"),
    "no number": (OSError("cannot identify it"), 1, "cannot identify it"),
    "no torch": (ModuleNotFoundError("No module named 'torch'", name="torch"), 2, NEEDS_TRAIN),
    "half of it": (ImportError("cannot import", name="torchvision.models"), 2, NEEDS_TRAIN),
    "sklearn": (ModuleNotFoundError("no", name="sklearn.metrics"), 2, NEEDS_TRAIN),
    "safetensors": (ModuleNotFoundError("no", name="safetensors"), 2, NEEDS_TRAIN),
    "accelerate": (ModuleNotFoundError("no", name="accelerate"), 2, NEEDS_TRAIN),
    "scipy": (ModuleNotFoundError("no", name="scipy.stats"), 2, NEEDS_TRAIN),
    "damaged": (
        ModuleNotFoundError("No module named 'fontTools.misc'", name="fontTools.misc"),
        1,
        "a library cannot be loaded (No module named 'fontTools.misc'); try again, or install "
        "augbuild anew",
    ),
}


@click.group(name="program", cls=Group, context_settings=CONTEXT)
@verbose_option
def program() -> None:
    """Do what a test asks for."""


@program.command()
@click.argument("name")
def fail(name: str) -> None:
    """Fail with the error of that name."""
    raise ERRORS[name][0]


@program.command()
@click.argument("kind")
def crash(kind: str) -> None:
    """Fail with an error that is nobody's, or leave with a code."""
    match kind:
        case "bug":
            raise ZeroDivisionError
        case "import":
            raise ModuleNotFoundError("No module named 'trainer.x'", name="trainer.x")
        case "nameless import":
            raise ImportError("circular")
        case _:
            sys.exit(int(kind))


@program.command()
def log() -> None:
    """Write a log record into each of the two packages' loggers."""
    logging.getLogger("augbuild.core.pool").debug("read \x1b[2J%s", "this")
    logging.getLogger("trainer.training").debug("and that")
    logging.getLogger("PIL").debug("but not this")


@pytest.mark.parametrize("name", ERRORS)
def test_error_is_one_sentence_and_an_exit_code(name: str) -> None:
    _, code, message = ERRORS[name]
    result = CliRunner().invoke(program, ["fail", name])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"program: {message}\n")


@pytest.mark.parametrize(
    ("kind", "error"),
    [("bug", ZeroDivisionError), ("import", ModuleNotFoundError), ("nameless import", ImportError)],
)
def test_bugs_keep_their_traceback(kind: str, error: type[Exception]) -> None:
    result = CliRunner().invoke(program, ["crash", kind])
    assert type(result.exception) is error


@pytest.mark.parametrize("code", [0, 1, 3])
def test_exit_codes_of_commands_come_through(code: int) -> None:
    assert CliRunner().invoke(program, ["crash", str(code)]).exit_code == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["\x1b[2Jx"], "No such command"),
        (["--\x1b[2Jx"], "No such option"),
        (["log", "--\x1b[2Jx"], "No such option"),
        (["log", "\x1b[2Jx"], "unexpected extra argument"),
        (["fail"], "Missing argument 'NAME'"),
    ],
)
def test_wrong_command_lines_are_clicks_own_errors_escaped(
    arguments: list[str], message: str
) -> None:
    result = CliRunner().invoke(program, arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Usage: program" in result.stderr
    assert "\x1b" not in result.output


def test_usage_error_of_a_command_shows_the_usage_of_that_command() -> None:
    result = CliRunner().invoke(program, ["fail", "a", "\x1b[2Jx"])
    assert "Usage: program fail [OPTIONS] NAME" in result.stderr


def test_verbose_prints_what_the_packages_log_and_nothing_else() -> None:
    result = CliRunner().invoke(program, ["-v", "log"])
    lines = result.stderr.splitlines()
    assert [line.partition("ms  ")[2] for line in lines[:2]] == [
        "augbuild.core.pool: read \\x1b[2Jthis",
        "trainer.training: and that",
    ]
    assert lines[2].partition("ms  ")[2].startswith("augbuild.cli.group: log ran for 0.")
    assert len(lines) == 3


def test_verbose_leaves_no_handler_behind() -> None:
    loggers = [logging.getLogger(name) for name in ("augbuild", "trainer")]
    before = [(logger.level, list(logger.handlers)) for logger in loggers]
    CliRunner().invoke(program, ["--verbose", "log"])
    assert [(logger.level, logger.handlers) for logger in loggers] == before
    assert CliRunner().invoke(program, ["log"]).output == ""


def test_reader_who_has_seen_enough_ends_it_in_silence() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as output:  # noqa: PTH123  # a descriptor, not a path
        done = subprocess.run(
            [sys.executable, "-m", "augbuild", "ops"],
            stdout=output, stderr=subprocess.PIPE, cwd=REPOSITORY, check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, b"")


_SLOW_TORCH = """
import sys, time
print("loading", flush=True)
try:
    time.sleep(60)
except BaseException:
    raise ImportError("torch cannot be loaded: its own words")
"""
_PLEASE_CONTINUE = "run the same command again with --resume to go on from here"
_PLEASE_REPEAT = "run the same command again to go on from here"


def _start(arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    (folder / "torch.py").write_text(_SLOW_TORCH, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}"},
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # nohup has it ignored
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "loading\n"
    time.sleep(0.1)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["trainer", "fit", "--manifest", "x.csv", "--out", "run"], _PLEASE_CONTINUE),
        (["trainer", "evaluate", "run", "--manifest", "x.csv"], _PLEASE_REPEAT),
    ],
    ids=["fit", "evaluate"],
)
def test_signal_is_one_line_also_while_libraries_load(
    number: signal.Signals, arguments: list[str], advice: str, tmp_path: Path
) -> None:
    process = _start(arguments, tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert errors == f"trainer: stopped by {number.name}; {advice}\n"
    assert process.returncode == 128 + number


def test_missing_library_is_one_sentence(tmp_path: Path) -> None:
    script = (
        "import sys\nsys.modules['torch'] = None\nfrom trainer.cli import main\n"
        "main(['fit', '--manifest', 'x.csv', '--out', 'run'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, f"trainer: {NEEDS_TRAIN}\n")
