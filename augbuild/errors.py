"""The errors that augbuild and trainer raise on purpose.

::

    AugbuildError             exit code 1
    ├ RecipeError             exit code 2: the recipe or the command line is wrong
    ├ SourceError             the dataset or one of its images cannot be used
    │ └ ImageError            one image, with a reason code for rejected.jsonl
    ├ ApplyError              one op failed on one image
    ├ ManifestError           a manifest is missing, unfinished, malformed or hostile
    ├ OutputError             the output folder cannot be used or written
    └ TrainerError            whatever stops trainer
      ├ UsageError            exit code 2: the command line or a configuration is wrong
      ├ TableError            a manifest or table of images cannot be trained on
      ├ RunError              a run folder cannot be used, or is malformed
      └ DivergedError         the loss of a training is not finite any more

Each message is one sentence that names the file, what was expected and what to do.
"""

from __future__ import annotations

import errno
from typing import ClassVar, Literal, TypeGuard

FIX_AND_RERUN = "fix this, then rerun the same command"
"""What to do about an error of the machine: a build goes on from where it stopped."""

# Every file alike would fail with these: too few descriptors, no memory in the kernel, a file
# server that is gone. EIO is none of them: a bad sector is under one file.
_OF_THE_MACHINE = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOTCONN, errno.ESTALE}
)

Reason = Literal[
    "bad_name",
    "box_empty",
    "box_labels",
    "box_outside",
    "box_small",
    "box_turned",
    "empty",
    "not_an_image",
    "op_failed",
    "out_of_memory",
    "too_large",
    "truncated",
    "unreadable",
    "unsupported_mode",
]
"""Why a source was rejected; the codes of rejected.jsonl."""


class AugbuildError(Exception):
    """Anything that stops augbuild with a sentence instead of a traceback."""

    exit_code: ClassVar[int] = 1


class RecipeError(AugbuildError):
    """The recipe, or what was asked on the command line, is wrong."""

    exit_code = 2


class SourceError(AugbuildError):
    """The source dataset, or a file in it, cannot be used."""


class ImageError(SourceError):
    """One image cannot be used; `reason` is its code in rejected.jsonl."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


class ApplyError(AugbuildError):
    """An op could not be applied; `op` is its name."""

    def __init__(self, op: str, message: str) -> None:
        super().__init__(f"{op}: {message}")
        self.op = op


class ManifestError(AugbuildError):
    """A manifest is missing, unfinished, malformed or hostile."""


class OutputError(AugbuildError):
    """The output folder cannot be used or written."""


def is_machine_error(error: BaseException) -> TypeGuard[OSError]:
    """Check whether it is the machine that fails, and not the file: it may be sound, or not."""
    return isinstance(error, OSError) and error.errno in _OF_THE_MACHINE


class TrainerError(AugbuildError):
    """Anything that stops trainer with a sentence instead of a traceback."""


class UsageError(TrainerError):
    """The command line or a configuration is wrong."""

    exit_code = 2


class TableError(TrainerError):
    """A manifest or table of images cannot be trained on."""


class RunError(TrainerError):
    """A run folder cannot be used, or is malformed."""


class DivergedError(TrainerError):
    """The loss of a training is not finite any more."""
