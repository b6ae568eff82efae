"""What a verdict is made of, and what it is made into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from augbuild.core.ranges import Share
from trainer.statistics.tests import Estimate

Outcome = Literal[
    "INVALID", "HELPS", "HURTS", "EQUIVALENT", "NOT ABOVE CHANCE", "INCONCLUSIVE", "AT CHANCE"
]
"""In order of precedence: the first that fits. AT CHANCE is how version 0.1 wrote NOT ABOVE CHANCE.
"""

FEWEST_SEEDS = 3
"""With fewer, no test over seeds holds its level (`benchmarks/type_one_error.py`)."""

SEEDS_FOR_FAILURES = 20
"""From so many on, a mean over all seeds holds its level although some did not train."""


class Level(Struct, frozen=True):
    """How strict a verdict is: the level of its test, and the reason where it is not 5 %.

    `of_seeds`: the test has the degrees of freedom of its seeds alone.
    """

    alpha: Share = 0.05
    of_seeds: bool = False
    reason: str = ""


FIVE_PERCENT = Level()


class Verdict(Struct, frozen=True, omit_defaults=True):
    """An outcome, the sentences that say it with its reasons, and what to do next."""

    outcome: Outcome
    sentence: str
    next_step: str = ""


class ContrastVerdict(Struct, frozen=True, kw_only=True):
    """Two arms of a comparison, and the verdict on their difference."""

    treatment: str
    baseline: str
    outcome: Outcome
    sentence: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class JudgedArm:
    """One arm over all its runs: its mean score, the 95 % interval, and what a run trained on.

    `score`, `low` and `high` are of the primary metric; `steps` are those of each run, `images`
    its training images.
    """

    name: str
    score: float
    low: float
    high: float
    steps: int
    images: int


@dataclass(frozen=True, slots=True)
class Failures:
    """How many runs of each arm failed to train, and Fisher's exact p that they do so alike."""

    treatment: int
    baseline: int
    p: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of two arms that were trained, and tested on the same images; all shares.

    `delta` is treatment minus baseline, and `estimate` the test of it at `level`, None where no
    test exists, as for one seed. `pairs` are the seeds at which both arms trained, of `seeds`.
    `groups` counts the groups of test images of which one picture each is independent, and
    `independent` what all are worth in independent images. `chance` is the metric of the best
    constant answer. `only_treatment` and `only_baseline` count the test images that one arm alone
    got right in the first pair of runs. `adjusted_p` is Holm's where several contrasts were made
    together. `reencoded`: one arm's images went through one more encoding than the other's.
    `identical`: all predictions of both arms are the same to the bit. `overridden` names the guards
    that were overridden, `hurt` the classes that the treatment is shown to hurt. `folds` is 1
    without folds, `looks` counts this look at the test images.
    """

    treatment: JudgedArm
    baseline: JudgedArm
    delta: float
    estimate: Estimate | None
    seeds: int
    pairs: int
    images: int
    groups: int
    independent: float
    chance: float
    metric: str
    margin: float
    folds: int
    looks: int
    level: Level
    only_treatment: int
    only_baseline: int
    adjusted_p: float | None
    reencoded: bool
    identical: bool
    failures: Failures | None
    hurt: tuple[str, ...]
    overridden: tuple[str, ...]

    @property
    def tested(self) -> Estimate | None:
        """Return the estimate where there are seeds enough for its test to hold its level."""
        return self.estimate if self.pairs >= FEWEST_SEEDS else None

    @property
    def above_chance(self) -> bool:
        """Return whether an arm is shown to beat the best constant answer."""
        return max(self.treatment.low, self.baseline.low) > self.chance
