"""Train and evaluate on any manifest, and judge honestly whether the augmentation helped.

The functions have the names and options of the command line. None of torch is loaded before one of
them is called; docs/library.md shows their use.
"""

from __future__ import annotations

import logging

from augbuild.errors import DivergedError, RunError, TableError, TrainerError, UsageError
from trainer.library import compare, evaluate, export, fit, power, predict, write_report

__all__ = [
    "DivergedError",
    "RunError",
    "TableError",
    "TrainerError",
    "UsageError",
    "__version__",
    "compare",
    "evaluate",
    "export",
    "fit",
    "power",
    "predict",
    "write_report",
]

__version__: str

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # 20 ms, more than all of this module

        return version("augbuild")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
