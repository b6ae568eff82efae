"""Read a TOML file that a stranger may have written, in bounded time."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from augbuild.errors import RecipeError

_LARGEST_FILE = 1 << 20
_MOST_KEY_PARTS = 100
_DEEPEST = 100
# A string or a comment, whole: its dots are no syntax. One without an end runs on, so that this stays linear.
_OPAQUE = re.compile(
    r'"""(?:[^\\]|\\(?:.|\Z))*?(?:"""|\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\[^\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)


def read_text(path: Path) -> str:
    """Read a recipe's text; raises FileNotFoundError, and RecipeError for what would block or is too large."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise RecipeError(f"{path} is not a file; a recipe is a TOML file")
        if status.st_size > _LARGEST_FILE:
            raise RecipeError(f"{path} has over 1 MiB; that is no recipe")
        return path.read_text(
            encoding="utf-8-sig"
        )  # some editors on Windows begin a file with a byte order mark
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"{path} is not UTF-8 text (byte {error.start}); a recipe is a TOML file"
        ) from error
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RecipeError(f"{str(path)!r} is no path") from error


def parse_toml(content: str, file: str) -> dict[str, Any]:
    """Parse TOML; `file` is its name in messages. Raises RecipeError.

    tomllib takes seconds for a key of thousands of parts (so that is refused before) and fails at deep nesting.
    """
    syntax = _OPAQUE.sub("_", content)
    if any(piece.count(".") >= _MOST_KEY_PARTS for piece in re.split(r"[,=\[\]{}\n]", syntax)):
        raise RecipeError(f"{file}: a key has over {_MOST_KEY_PARTS} parts; that is no recipe")
    try:
        table = tomllib.loads(content)
        if _is_deep(table):
            raise RecursionError
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file} is not TOML: {error}") from error
    except RecursionError as error:
        raise RecipeError(
            f"{file}: values are nested over {_DEEPEST} deep; that is no recipe"
        ) from error
    except ValueError as error:
        raise RecipeError(
            f"{file} holds a number of over 4,300 digits; that is no recipe"
        ) from error
    return table


def _is_deep(table: dict[str, Any]) -> bool:
    """Tell whether values are nested more than _DEEPEST deep, without nesting as deep oneself."""
    level: list[Any] = [table]
    for _ in range(_DEEPEST):
        level = [
            child for value in level if isinstance(value, dict | list) for child in _children(value)
        ]
    return any(isinstance(value, dict | list) for value in level)


def _children(value: dict[str, Any] | list[Any]) -> list[Any]:
    return value if isinstance(value, list) else list(value.values())
