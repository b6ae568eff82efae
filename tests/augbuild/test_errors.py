"""The errors: their exit codes, and the tree that the module's docstring draws."""

from __future__ import annotations

import errno
import inspect
import re
import sqlite3

import pytest

from augbuild import errors
from augbuild.errors import ApplyError, AugbuildError, ImageError, is_machine_error

KINDS = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, AugbuildError)
]


def test_docstring_draws_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = re.findall(r"^    ([ │├└]*)(\w+Error) ", errors.__doc__, flags=re.MULTILINE)
    parents: list[str] = []
    tree = {}
    for indent, name in drawn:
        depth = len(indent) // 2
        del parents[depth:]
        tree[name] = parents[-1] if parents else "Exception"
        parents.append(name)
    assert tree == {kind.__name__: kind.__base__.__name__ for kind in KINDS if kind.__base__}


def test_exit_codes_are_those_of_the_docstring() -> None:
    assert errors.__doc__ is not None
    usage = set(re.findall(r"(\w+Error) +exit code 2", errors.__doc__))
    assert usage == {kind.__name__ for kind in KINDS if kind.exit_code == 2} != set()
    assert {kind.exit_code for kind in KINDS} == {1, 2}


def test_errors_with_parts_keep_them() -> None:
    image = ImageError("empty", "x.jpg has no bytes")
    assert (image.reason, str(image)) == ("empty", "x.jpg has no bytes")
    apply = ApplyError("blur", "radius is too large")
    assert (apply.op, str(apply)) == ("blur", "blur: radius is too large")


@pytest.mark.parametrize("number", ["EMFILE", "ENFILE", "ENOMEM", "ENOTCONN", "ESTALE"])
def test_errors_of_the_machine_blame_no_file(number: str) -> None:
    assert is_machine_error(OSError(getattr(errno, number), "x"))


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EIO, "x"), OSError(errno.ENOENT, "x"), OSError("x"), MemoryError(),
     sqlite3.OperationalError("x")],
)  # fmt: skip
def test_errors_of_a_file_do(error: BaseException) -> None:
    assert not is_machine_error(error)
