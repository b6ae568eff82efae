"""What the tests of pixels share: AugLy's own functions, as the reference."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from augbuild.pixels.exact.reference import find_reference


@pytest.fixture
def augly() -> Iterator[ModuleType]:
    """AugLy's functions; what they do to the global generators is undone."""
    find_reference("hflip")
    before = random.getstate(), np.random.get_state()  # noqa: NPY002 (AugLy seeds it, we put it back)
    yield sys.modules["augly.image.functional"]
    random.setstate(before[0])
    np.random.set_state(before[1])  # noqa: NPY002
