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


def read_text(path: Path) -> str:
    """Read a recipe's text; raises RecipeError, also for what would block or is too large to be one."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise RecipeError(f"{path} is not a file; a recipe is a TOML file")
        if status.st_size > _LARGEST_FILE:
            raise RecipeError(f"{path} has over 1 MiB; that is no recipe")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not UTF-8 text (byte {error.start}); a recipe is a TOML file") from error


def parse_toml(content: str, file: str) -> dict[str, Any]:
    """Parse TOML; `file` is its name in messages. Raises RecipeError.

    What tomllib takes seconds for (keys of thousands of parts) or fails at (deep nesting) is refused before.
    """
    if max(map(_dots, re.split(r"[,=\[\]{}\n\"'#]", content))) >= _MOST_KEY_PARTS:
        raise RecipeError(f"{file}: a key has over {_MOST_KEY_PARTS} parts; that is no recipe")
    if _nesting(content) > _DEEPEST:
        raise RecipeError(f"{file}: values are nested over {_DEEPEST} deep; that is no recipe")
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file} is not TOML: {error}") from error
    except (RecursionError, ValueError) as error:
        raise RecipeError(f"{file} is not TOML that can be read: {type(error).__name__}") from error


def _dots(token: str) -> int:
    return token.count(".")


def _nesting(content: str) -> int:
    """Give a bound on how deep brackets are nested; those in strings and comments count too."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", content):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest
