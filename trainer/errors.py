"""The errors that trainer raises on purpose."""

from __future__ import annotations

from typing import ClassVar


class TrainerError(Exception):
    """Anything that stops trainer with a sentence instead of a traceback."""

    exit_code: ClassVar[int] = 1
