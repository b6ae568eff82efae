"""The tree of errors is the one that its docstring draws, with an exit code on each class."""

from __future__ import annotations

import errno
import re

import pytest

import augbuild.errors as errors
from augbuild.errors import AugbuildError, is_machine_error


def classes_below(parent: type[AugbuildError], depth: int = 0) -> list[tuple[int, str]]:
    """List the classes of the tree with their depth, a class before those below it."""
    found = [(depth, parent.__name__)]
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            found += classes_below(child, depth + 1)
    return found


def test_docstring_draws_the_tree() -> None:
    drawn = re.findall(r"^ {4}([│ ]*[├└]? ?)(\w+Error)", errors.__doc__ or "", re.MULTILINE)
    assert [(len(lead) // 2, name) for lead, name in drawn] == classes_below(AugbuildError)


def test_exit_codes_are_those_of_the_docstring() -> None:
    for line in (errors.__doc__ or "").splitlines():
        named = re.search(r"(\w+Error) +exit code (\d)", line)
        if named:
            assert getattr(errors, named[1]).exit_code == int(named[2]), line


@pytest.mark.parametrize(
    ("error", "of_the_machine"),
    [
        (OSError(errno.EMFILE, "Too many open files"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError(errno.EIO, "Input/output error"), False),  # a bad sector is under one file
        (FileNotFoundError(errno.ENOENT, "No such file"), False),
        (ValueError("EMFILE"), False),
    ],
)
def test_machine_errors(error: Exception, of_the_machine: bool) -> None:
    assert is_machine_error(error) == of_the_machine
