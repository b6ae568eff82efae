"""Evidence made up for tests."""

from __future__ import annotations

from dataclasses import replace

from trainer.statistics.tests import Components, Estimate, wilson
from trainer.statistics.verdict.evidence import FIVE_PERCENT, Evidence, JudgedArm


def arm(name: str, correct: float, images: int, steps: int = 110) -> JudgedArm:
    return JudgedArm(name, correct / images, *wilson(correct, images), steps, images=300)


def with_estimate(
    evidence: Evidence, delta: float, low: float, high: float, p: float | None = None
) -> Evidence:
    """Return the evidence with another interval; p is below 0.05 where that excludes 0."""
    if p is None:
        p = 0.003 if low > 0 or high < 0 else 0.5
    estimate = Estimate(delta, low, high, p, 30.0, (high - low) / 4, 0.0, None)
    return replace(evidence, delta=delta, estimate=estimate)


SMALL = Evidence(
    treatment=arm("augmented", 21.5, 28),
    baseline=arm("original", 21, 28),
    delta=0.018,
    estimate=Estimate(0.018, -0.14, 0.18, 0.5, 30.0, 0.08, 0.0, Components(0.002, 0.05, 0.2)),
    seeds=10,
    pairs=10,
    images=28,
    groups=28,
    independent=28.0,
    chance=0.5,
    metric="accuracy",
    margin=0.02,
    folds=1,
    looks=1,
    level=FIVE_PERCENT,
    only_treatment=6,
    only_baseline=5,
    adjusted_p=None,
    reencoded=True,
    identical=False,
    failures=None,
    hurt=(),
    overridden=(),
)
LARGE = with_estimate(
    replace(
        SMALL,
        treatment=arm("augmented", 340, 400),
        baseline=arm("original", 300, 400),
        images=400,
        groups=400,
        independent=400.0,
    ),
    *(0.1, 0.061, 0.139),
)
