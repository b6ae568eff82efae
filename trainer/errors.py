"""The errors that trainer raises on purpose.

::

    TrainerError        exit code 1
    ├ UsageError        exit code 2: the command line or a configuration is wrong
    ├ TableError        a manifest or table of images cannot be trained on
    ├ RunError          a run folder cannot be used, or is not what it should be
    └ DivergedError     the loss is no longer a number worth minimising
"""

from __future__ import annotations

from typing import ClassVar


class TrainerError(Exception):
    """Anything that stops trainer with a sentence instead of a traceback."""

    exit_code: ClassVar[int] = 1


class UsageError(TrainerError):
    """The command line or a configuration is wrong."""

    exit_code = 2


class TableError(TrainerError):
    """A manifest or table of images cannot be trained on."""


class RunError(TrainerError):
    """A run folder cannot be used, or is not what it should be."""


class DivergedError(TrainerError):
    """The loss is no longer a number worth minimising."""
