"""`trainer power`: the table of the specification, and what 28 test images can see."""

from __future__ import annotations

import subprocess
import sys

import pytest
from msgspec import structs

from augbuild.errors import UsageError
from tests.trainer.statistics.made_up import make_runs
from trainer.statistics.contrast import ContrastResult, ContrastSettings, TrainedArm, contrast
from trainer.statistics.power import power_of, power_text
from trainer.statistics.tests import Components, resolution
from trainer.statistics.verdict import judge_stopped

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


def measured(seeds: int, accuracy: float = 0.9, folds: int = 1) -> ContrastResult:
    """Compare two arms on 60 test images."""
    settings = ContrastSettings(("cats", "dogs"), "accuracy", 0.02, 0.5, looks=1)
    new = TrainedArm("new", make_runs(accuracy, seeds, folds=folds, seed=1), 100, 1.0)
    old = TrainedArm("old", make_runs(0.6, seeds, folds=folds, seed=2), 100, 0.0)
    return contrast(new, old, settings, None)


def test_measured_variances_plan_the_next_comparison() -> None:
    contrast = measured(seeds=3)
    assert contrast.standard_error is not None
    error = 100 * max(contrast.standard_error, resolution(60))
    text = power_of([contrast], 60, 3, 0.1)
    assert text.startswith(
        f"new − old: with 3 seeds and 60 test images the standard error was {error:.1f} points.\n"
        "To see a gain of 10 points takes "
    )
    assert text.endswith(" test images with these seeds.")


def test_both_ways_are_named_where_both_exist() -> None:
    text = power_of([measured(seeds=5)], 60, 5, 0.5)
    assert "takes 3 seeds on these test images, or " in text


@pytest.mark.parametrize(
    ("components", "images", "ways"),
    [
        # On paper, with 1.960 and 0.842: 2.802² · 0.2 / 0.05² = 628, and with 33 degrees of
        # freedom (2.035 + 0.853)² · 0.01 / 0.05² = 33.4.
        (Components(0.0, 0.2, 0.0), 60, "628 test images with these seeds"),
        (Components(0.01, 0.0, 0.0), 1000, "34 seeds on these test images"),
        (Components(0.2, 10.0, 0.0), 60, "more seeds and more test images"),
    ],
)
def test_ways_that_do_not_exist_are_left_out(
    components: Components, images: int, ways: str
) -> None:
    contrast = structs.replace(measured(seeds=5), components=components)
    text = power_of([contrast], images, 5, 0.05)
    assert text.endswith(f"\nTo see a gain of 5 points takes {ways}.")


def test_a_gain_of_all_images_can_be_planned() -> None:
    assert "a gain of 100 points takes 3 seeds" in power_of([measured(seeds=3)], 60, 3, 1.0)


def test_each_contrast_has_a_paragraph() -> None:
    stopped = judge_stopped("b", "a", ["leak"])
    folds, crossed = measured(seeds=3, folds=2), measured(seeds=3)
    first, second, third = power_of([folds, stopped, crossed], 60, 3, 0.1).split("\n\n")
    assert first == (
        "new − old: seeds and images were not crossed, so there are no variances to plan with."
    )
    assert second == "b − a: a guard stopped it, so there are no variances to plan with."
    assert third.startswith("new − old: with 3 seeds")


@pytest.mark.parametrize("gain", [0.0, 1.1, float("nan")])
def test_gain_that_cannot_be_planned(gain: float) -> None:
    with pytest.raises(UsageError, match="--gain must be above 0 and at most 1"):
        power_of([measured(seeds=3)], 60, 3, gain)


def test_command_starts_without_torch() -> None:
    code = (
        "import sys\nfrom trainer.cli import main\n"
        "main(['power'], standalone_mode=False)\nassert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "takes 940 test images" in done.stdout
