"""The edge of both command lines: every error of ours, and every signal, becomes one sentence."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NoReturn, TypeVar

import click

from augbuild.cli.output import echo
from augbuild.core.signals import StopRequested, handle_stop_signals, ignore_stop_signals
from augbuild.core.text import printable
from augbuild.errors import AugbuildError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 120}
"""Settings of click that both programs share."""

_EXIT_USAGE = 2
_OURS = {"", "augbuild", "trainer"}  # an error within them is a bug
_TRAINING_LIBRARIES = frozenset(
    {"accelerate", "safetensors", "scipy", "sklearn", "torch", "torchvision"}
)
_LOGGERS = ("augbuild", "trainer")

Command = TypeVar("Command", bound=Callable[..., object])
_log = logging.getLogger(__name__)


class Group(click.Group):
    """A command group at whose edge errors and signals become one sentence and an exit code."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run as a program does, and exit."""
        try:
            return super().__call__(*args, **options)
        finally:
            ignore_stop_signals()

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parse the program's own options; click calls this first."""
        with _printable_usage_errors():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for; click calls this second."""
        try:
            with (
                handle_stop_signals(lambda stopped: self._last_words(ctx, stopped)),
                _printable_usage_errors(),
            ):
                return self._timed(ctx)
        except StopRequested as stopped:
            with suppress(OSError):  # a terminal that hung up takes no more output
                echo(self._last_words(ctx, stopped), err=True)
            ctx.exit(stopped.exit_code)
        except AugbuildError as error:
            self._fail(ctx, str(error), error.exit_code)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read our output has seen enough: click ends in silence
            where = f"{error.filename}: " if error.filename else ""
            self._fail(ctx, f"{where}{error.strerror or error}", AugbuildError.exit_code)
        except ImportError as error:
            library = (error.name or "").partition(".")[0]
            if library in _TRAINING_LIBRARIES:
                needed = "this needs the training libraries: pip install 'augbuild[train]'"
                self._fail(ctx, needed, _EXIT_USAGE)
            if library in _OURS:
                raise
            # Libraries are imported where they are needed, so a damaged one shows in mid-work.
            broken = f"a library cannot be loaded ({error}); try again, or install augbuild anew"
            self._fail(ctx, broken, AugbuildError.exit_code)

    def _timed(self, ctx: click.Context) -> Any:
        start = time.monotonic()
        try:
            return super().invoke(ctx)
        finally:
            _log.debug("%s ran for %.2f s", ctx.invoked_subcommand, time.monotonic() - start)

    def _fail(self, ctx: click.Context, message: str, exit_code: int) -> NoReturn:
        echo(f"{self.name}: {message}", err=True)
        ctx.exit(exit_code)

    def _last_words(self, ctx: click.Context, stopped: StopRequested) -> str:
        command = self.commands.get(ctx.invoked_subcommand or "")
        parameters = command.params if command is not None else []
        can_resume = any(parameter.name == "resume" for parameter in parameters)
        how = " with --resume" if can_resume else ""
        return f"{self.name}: {stopped}; run the same command again{how} to go on from here"


@contextmanager
def _printable_usage_errors() -> Iterator[None]:
    """Escape what click repeats of the command line: a file's name may come from a stranger."""
    try:
        yield
    except click.UsageError as error:
        message = error.format_message()
        if printable(message) == message:
            raise
        raise click.UsageError(printable(message), error.ctx) from error


def verbose_option(command: Command) -> Command:
    """Add `-v`, which prints log records on standard error for as long as the program runs."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_start_logging,
        help="Print on standard error what is read, how work is spread, and how long it takes.",
    )(command)


def _start_logging(ctx: click.Context, _option: click.Parameter, is_wanted: bool) -> None:
    if not is_wanted:
        return
    handler = _EchoHandler()
    handler.setFormatter(
        logging.Formatter("{relativeCreated:7.0f} ms  {name}: {message}", style="{")
    )
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        ctx.call_on_close(partial(logger.setLevel, logging.NOTSET))
        ctx.call_on_close(partial(logger.removeHandler, handler))


class _EchoHandler(logging.Handler):
    """A handler that prints records as the commands print everything."""

    def emit(self, record: logging.LogRecord) -> None:
        echo(self.format(record), err=True)
