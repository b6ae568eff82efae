"""The config.json of a comparison: all that was fixed before its first run, and its guards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, structs

from augbuild.core.documents import encode, read_document, to_plain
from augbuild.core.files import hash_bytes, write_atomic
from augbuild.core.ranges import Count, NotEmpty, Positive, Share
from augbuild.errors import RunError
from trainer.comparison.design import ArmPair, Budget, Metric
from trainer.data.samples import TrainOn

CONFIG = "config.json"

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class ArmSummary(Struct, frozen=True, kw_only=True):
    """An arm before its training: which images it trains on, how many, and for how many steps.

    `sources` counts the originals that the images come from, `augmented` the variants among them;
    with folds the counts are those of the first fold.
    """

    name: str
    manifest: str
    train_on: TrainOn | None
    images: Count
    sources: Count
    augmented: Count
    steps: Count


class SharedTestSet(Struct, frozen=True, kw_only=True):
    """The test images that all arms share; `majority` is the share of the largest class."""

    images: Count
    majority: Share
    per_class: dict[str, Count]


class GuardReport(Struct, frozen=True, kw_only=True):
    """A guard that found something: how much, the first of it, and whether it was overridden."""

    name: str
    count: Count
    findings: tuple[str, ...]
    overridden: bool


class SharedFit(Struct, frozen=True, kw_only=True):
    """The options of `trainer fit` that all runs share: those that no arm, seed or budget sets."""

    batch_size: Positive
    lr: float
    optimizer: str
    weight_decay: float
    schedule: str
    image_size: Positive
    arch: str
    weights: str
    precision: str
    device: str
    compile: bool


class ComparisonConfig(Struct, frozen=True, kw_only=True):
    """All that the runs of a comparison depend on, and what its guards found.

    `contrasts` are (treatment, baseline), the first the primary one. `manifests` has the hash of
    each manifest, `fold_numbers` is empty without folds, `threads` are those of each run.
    """

    arms: Annotated[tuple[ArmSummary, ...], NotEmpty]
    contrasts: Annotated[tuple[ArmPair, ...], NotEmpty]
    seeds: Annotated[tuple[Count, ...], NotEmpty]
    budget: Budget
    metric: Metric
    margin: Share
    folds: bool
    fit: SharedFit
    manifests: dict[str, Sha256]
    classes: Annotated[tuple[str, ...], NotEmpty]
    fold_numbers: tuple[Count, ...]
    test: SharedTestSet
    # Comparisons that were begun before it was recorded ran with one thread each.
    threads: Positive = 1
    versions: dict[str, str]
    guards: tuple[GuardReport, ...]

    def __post_init__(self) -> None:
        names = {arm.name for arm in self.arms}
        for pair in self.contrasts:
            for name in pair:
                if name not in names:
                    raise ValueError(f"contrasts names the arm {name!r}, which is not in arms")

    @property
    def stopping_guards(self) -> tuple[GuardReport, ...]:
        """Return the guards that forbid the comparison: those that were not overridden."""
        return tuple(guard for guard in self.guards if not guard.overridden)

    @property
    def folds_of_a_seed(self) -> tuple[int | None, ...]:
        """Return the folds that each seed is trained on; None alone without folds."""
        return self.fold_numbers or (None,)

    @property
    def key(self) -> str:
        """Return a hash that names this comparison, wherever its folder and its manifests are.

        Ledgers of looks have it, so it must not change from version to version.
        """
        arms = [structs.replace(arm, manifest=self.manifests[arm.manifest]) for arm in self.arms]
        identity = {
            "arms": arms,
            "contrasts": self.contrasts,
            "seeds": self.seeds,
            "budget": self.budget,
            "metric": self.metric,
            "margin": self.margin,
            "folds": self.folds,
            "fit": self.fit,
            "classes": self.classes,
        }
        # Sorted keys and 32 digits, as in the ledgers of version 0.1.
        text = json.dumps(to_plain(identity), sort_keys=True)
        return hash_bytes(text.encode())[:32]


def read_config(folder: Path) -> ComparisonConfig:
    """Read the config.json of a comparison; raises RunError."""
    return read_document(folder / CONFIG, ComparisonConfig, RunError)


def write_config(folder: Path, config: ComparisonConfig) -> None:
    """Write the config.json of a comparison; raises OSError."""
    write_atomic(folder / CONFIG, encode(config, indent=2))
