"""`trainer power`: the table of the specification, and what 28 test images can see."""

from __future__ import annotations

import subprocess
import sys

import pytest

from augbuild.errors import UsageError
from trainer.statistics.power import power_text

TEXT = """\
To see a gain of 5 points between two models that disagree on 30 % of the test images takes 940 test images.

28 test images show gains of 27.8 points or more: 8 images more right.

gain        10 % disagree  20 % disagree  30 % disagree  40 % disagree
   1 points          7,847         15,696         23,545         31,394
   2 points          1,960          3,923          5,885          7,847
 3.6 points            604          1,209          1,815          2,421
   5 points            312            626            940          1,254
  10 points             77            155            234            312"""


def test_text_is_as_golden() -> None:
    assert power_text(0.05, 0.3, 28) == TEXT


@pytest.mark.parametrize(
    ("gain", "disagree"), [(0.0, 0.3), (0.4, 0.3), (0.1, 1.1), (float("nan"), 0.3)]
)
def test_gain_that_cannot_be(gain: float, disagree: float) -> None:
    with pytest.raises(UsageError, match="--gain must be above 0 and at most --disagree"):
        power_text(gain, disagree, None)


def test_no_image_shows_nothing() -> None:
    assert "1 test images show no gain at all." in power_text(0.05, 0.3, 1)


def test_command_starts_without_torch() -> None:
    code = (
        "import sys\nfrom trainer.cli import main\n"
        "main(['power'], standalone_mode=False)\nassert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "takes 940 test images" in done.stdout
