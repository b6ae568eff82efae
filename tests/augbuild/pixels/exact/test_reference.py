"""AugLy enters when it is needed, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys

import pytest

from augbuild.pixels.exact.functions import FUNCTIONS
from augbuild.pixels.exact.reference import find_reference

# Ops on an image, then whether AugLy was imported.
PROGRAM = """
import sys
from augbuild.catalogue.transforms import Op
from augbuild.pixels.apply import apply
from tests.augbuild.pixels.images import default_op, noise
for name in {names!r}:
    apply(noise(60, 50), [default_op(name)])
print("augly" in sys.modules)
"""
WITH_ASSETS = {"overlay_image", "overlay_onto_background_image"}


def imports_augly(names: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(names=names)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_no_function_of_ours_imports_augly() -> None:
    assert imports_augly(sorted(FUNCTIONS.keys() - WITH_ASSETS)) == "False"


def test_a_screenshot_does() -> None:
    assert imports_augly(["overlay_onto_screenshot"]) == "True"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_has_its_reference(name: str) -> None:
    assert callable(find_reference(name))
