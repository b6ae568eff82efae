"""Read a TOML file that a stranger may have written, in bounded time."""

from __future__ import annotations

import errno
import re
import shlex
import tomllib
from pathlib import Path

from augbuild.core.files import read_regular_file
from augbuild.errors import RecipeError

_MAX_BYTES = 1 << 20
_MAX_KEY_PARTS = 100
_MAX_DEPTH = 100
_NOT_FILES = frozenset({errno.EINVAL, errno.ENXIO})  # a pipe, a socket
# A string or a comment, whole: dots in it are no syntax. The quantifiers are possessive, and a
# string without an end runs on to the end of the line or text, so that matching stays linear.
_OPAQUE = re.compile(
    r'"""(?:[^\\]|\\(?:.|\Z))*?(?:"""|\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\[^\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
_PIECES = re.compile(r"[,=\[\]{}\n]")


def read_text(path: Path) -> str:
    """Read a recipe's text.

    Raises FileNotFoundError, and RecipeError for all else that cannot be read or is too large.
    """
    try:
        content = read_regular_file(path, _MAX_BYTES)
        # Some editors on Windows begin a file with a byte order mark.
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        raise RecipeError(f"{path} is not UTF-8 text ({where}); a recipe is a TOML file") from error
    except OSError as error:
        if error.errno == errno.EISDIR:
            folder = shlex.quote(str(path))
            message = (
                f"{path} is a folder, not a recipe; `augbuild init {folder}` writes one for it"
            )
        elif error.errno in _NOT_FILES:
            message = f"{path} is not a file; a recipe is a TOML file"
        elif error.errno == errno.EFBIG:
            message = f"{path} has more than 1 MiB, too much for a recipe"
        else:
            message = f"{path} cannot be read: {error.strerror}"
        raise RecipeError(message) from error
    except ValueError as error:  # a NUL in the name
        raise RecipeError(f"{str(path)!r} is not a valid path") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_toml(content: str, file: str) -> dict[str, object]:
    """Read a TOML document; `file` is its name in messages. Raises RecipeError."""
    # tomllib takes quadratic time over the parts of a key: seconds for a file of 40 kB.
    syntax = _OPAQUE.sub("_", content)
    if any(piece.count(".") >= _MAX_KEY_PARTS for piece in _PIECES.split(syntax)):
        message = f"a key has more than {_MAX_KEY_PARTS} parts, too many for a recipe"
        raise RecipeError(f"{file}: {message}")
    try:
        table = tomllib.loads(content)
        if _is_deep(table):
            raise RecursionError
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file} is not TOML: {error}") from error
    except RecursionError as error:
        message = f"values are nested more than {_MAX_DEPTH} levels deep, too deep for a recipe"
        raise RecipeError(f"{file}: {message}") from error
    except ValueError as error:  # Python refuses to read it: sys.get_int_max_str_digits()
        message = "has a number of more than 4,300 digits, too long for a recipe"
        raise RecipeError(f"{file} {message}") from error
    return table


def _is_deep(table: dict[str, object]) -> bool:
    """Check whether values are nested too deeply, level by level so that it cannot fail itself."""
    level: list[object] = [table]
    for _ in range(_MAX_DEPTH):
        children: list[object] = []
        for value in level:
            if isinstance(value, dict):
                children.extend(value.values())
            elif isinstance(value, list):
                children.extend(value)
        level = children
    return any(isinstance(value, dict | list) for value in level)
