"""`trainer power`: the table of the specification, and what 28 test images can see."""

from __future__ import annotations

import subprocess
import sys

import pytest
from msgspec import structs

from augbuild.errors import UsageError
from tests.trainer.statistics.made_up import make_runs
from trainer.statistics.contrast import ContrastResult, contrast_all
from trainer.statistics.pairs import ContrastSettings, TrainedArm
from trainer.statistics.power import power_of, power_text
from trainer.statistics.sample_size import Measured, visible_gain
from trainer.statistics.verdict.digits import format_points
from trainer.statistics.verdict.judge import judge_stopped
from trainer.statistics.verdict.sight import describe_need

TEXT = """\
To see a gain of 5 points between two models that disagree on 30 % of the test images takes \
940 test images.

28 test images can show gains of 27.8 points or more: 8 more correct.

gain        10 % disagree  20 % disagree  30 % disagree  40 % disagree
   1 points          7,847         15,696         23,545         31,394
   2 points          1,960          3,923          5,885          7,847
 3.6 points            604          1,209          1,815          2,421
   5 points            312            626            940          1,254
  10 points             77            155            234            312"""


def test_text_is_as_golden() -> None:
    assert power_text(0.05, 0.3, 28) == TEXT


def test_without_a_test_set_there_is_the_table_alone() -> None:
    first, _, *rest = TEXT.split("\n\n")
    assert power_text(0.05, 0.3, None) == "\n\n".join([first, *rest])


@pytest.mark.parametrize(
    ("gain", "disagree"), [(0.0, 0.3), (0.4, 0.3), (0.1, 1.1), (float("nan"), 0.3)]
)
def test_gain_that_cannot_be(gain: float, disagree: float) -> None:
    with pytest.raises(UsageError, match="--gain must be above 0 and at most --disagree"):
        power_text(gain, disagree, None)


def test_the_largest_gain_is_the_disagreement() -> None:
    assert "a gain of 30 points" in power_text(0.3, 0.3, None)
    assert "a gain of 100 points" in power_text(1.0, 1.0, None)


def test_one_image_shows_nothing() -> None:
    assert "1 test image cannot show any gain." in power_text(0.05, 0.3, 1)


def measured(seeds: int, accuracy: float = 0.9) -> ContrastResult:
    """Compare two arms on 60 test images."""
    settings = ContrastSettings(("cats", "dogs"), "accuracy", 0.02, (30, 30), looks=1)
    new = TrainedArm("new", make_runs(accuracy, seeds, seed=1), 100, 300, 1.0)
    old = TrainedArm("old", make_runs(0.6, seeds, seed=2), 100, 300, 0.0)
    (result,) = contrast_all([(new, old)], settings)
    return result


def test_measured_variances_plan_the_next_comparison() -> None:
    contrast = measured(seeds=5)
    assert contrast.components is not None
    variances = Measured(contrast.components, 5, 60, 60.0)
    gain = visible_gain(variances)
    assert gain.low is not None
    assert gain.high is not None
    low, high = format_points(gain.low), format_points(gain.high)
    assert power_of([contrast], 60, 0.1) == (
        "new − old: the least gain that 5 seeds and 60 test images see is "
        f"{low} to {high} points.\n"
        f"{describe_need(variances, 0.1)}"
    )


def test_groups_of_images_are_worth_less() -> None:
    contrast = measured(seeds=5)
    fewer = structs.replace(contrast, independent=6.0)
    assert power_of([fewer], 60, 0.1) != power_of([contrast], 60, 0.1)


def test_each_contrast_has_a_paragraph() -> None:
    stopped = judge_stopped("b", "a", ["leak"])
    few, crossed = measured(seeds=2), measured(seeds=3)
    first, second, third = power_of([few, stopped, crossed], 60, 0.1).split("\n\n")
    assert first == "new − old: fewer than 3 seeds trained, so there are no variances to plan with."
    assert second == "b − a: a guard stopped it, so there are no variances to plan with."
    assert third.startswith("new − old: the least gain that 3 seeds")


@pytest.mark.parametrize("gain", [0.0, 1.1, float("nan")])
def test_gain_that_cannot_be_planned(gain: float) -> None:
    with pytest.raises(UsageError, match="--gain must be above 0 and at most 1"):
        power_of([measured(seeds=3)], 60, gain)


def test_command_starts_without_torch() -> None:
    code = (
        "import sys\nfrom trainer.cli import main\n"
        "main(['power'], standalone_mode=False)\nassert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "takes 940 test images" in done.stdout
