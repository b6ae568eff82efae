"""Offline augmented image datasets from a declarative recipe.

    import augbuild

    report = augbuild.build("default", out="build/default")
    print(report.counts)

The functions have the names and options of the command line; docs/library.md shows their use. Each
name is imported when it is first used, so that `import augbuild` takes neither numpy nor Pillow.
"""

from __future__ import annotations

import logging
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from augbuild.errors import (
    ApplyError,
    AugbuildError,
    ImageError,
    ManifestError,
    OutputError,
    RecipeError,
    SourceError,
)

if TYPE_CHECKING:
    from augbuild.building.build import BuildReport, build
    from augbuild.building.outlook import Outlook
    from augbuild.building.outlook import plan_build as plan
    from augbuild.checking.audit import Audit, audit
    from augbuild.checking.replay import ReplayReport, replay
    from augbuild.checking.rules import Damage
    from augbuild.checking.verify import VerifyReport, verify
    from augbuild.dataset.manifest import Record, read_manifest
    from augbuild.recipe.load import load_recipe
    from augbuild.recipe.model import Recipe
    from augbuild.sources.dataset import Rejected

__all__ = [
    "ApplyError",
    "Audit",
    "AugbuildError",
    "BuildReport",
    "Damage",
    "ImageError",
    "ManifestError",
    "Outlook",
    "OutputError",
    "Recipe",
    "RecipeError",
    "Record",
    "Rejected",
    "ReplayReport",
    "SourceError",
    "VerifyReport",
    "__version__",
    "audit",
    "build",
    "load_recipe",
    "plan",
    "read_manifest",
    "replay",
    "verify",
]

__version__: str

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """Import a public name from its own module when it is first used (PEP 562)."""
    value: object
    if name == "__version__":
        from importlib.metadata import version  # 20 ms, more than all of this module

        value = version("augbuild")
    elif name == "plan":
        value = import_module("augbuild.building.outlook").plan_build
    else:
        value = getattr(_home_of(name), name)
    globals()[name] = value  # so that Python does not ask again
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _home_of(name: str) -> ModuleType:  # noqa: C901  # a flat table, a module a case
    # One call for each module, with its name in full: tests/test_architecture.py reads them.
    match name:
        case "build" | "BuildReport":
            return import_module("augbuild.building.build")
        case "Outlook":
            return import_module("augbuild.building.outlook")
        case "audit" | "Audit":
            return import_module("augbuild.checking.audit")
        case "replay" | "ReplayReport":
            return import_module("augbuild.checking.replay")
        case "Damage":
            return import_module("augbuild.checking.rules")
        case "verify" | "VerifyReport":
            return import_module("augbuild.checking.verify")
        case "read_manifest" | "Record":
            return import_module("augbuild.dataset.manifest")
        case "load_recipe":
            return import_module("augbuild.recipe.load")
        case "Recipe":
            return import_module("augbuild.recipe.model")
        case "Rejected":
            return import_module("augbuild.sources.dataset")
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
