"""Stripes at the angles where AugLy computes them in another way."""

from __future__ import annotations

import pytest

from augbuild.catalogue.transforms import Op
from tests.augbuild.pixels.images import noise

from .compare import assert_as_auglys


@pytest.mark.parametrize("angle", [*range(-360, 361, 45), 1e-9, 30.5, -7.25])
@pytest.mark.parametrize("line_type", ["solid", "dotted", "dashed"])
def test_stripes_at_every_special_angle(angle: float, line_type: str) -> None:
    for line_opacity in (0.3, 1.0):
        op = Op(
            "overlay_stripes",
            {"line_angle": angle, "line_type": line_type, "line_opacity": line_opacity},
        )
        assert_as_auglys(noise(700, 500), op)
