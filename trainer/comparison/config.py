"""The config.json of a comparison: all that was fixed before its first run, and its guards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from augbuild.core.documents import encode, read_document, to_plain
from augbuild.core.files import hash_bytes, write_atomic
from augbuild.core.ranges import Count, NotEmpty, Positive, Share
from augbuild.core.text import shorten
from augbuild.errors import RunError
from trainer.comparison.design import ArmPair, Budget, Metric
from trainer.data.samples import DEFAULT_OPTIONS, SourceOptions, Table, TrainOn
from trainer.data.tables import read_table
from trainer.training.config import FitConfig, TestSplit, source_without_places

CONFIG = "config.json"

# Guards may be overridden, seeds added, and a run's own config.json has the versions that trained
# it; groups of test images follow from the manifest.
_MAY_CHANGE = ("threads", "versions", "guards", "seeds", "test_groups")

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class ArmSummary(Struct, frozen=True, kw_only=True):
    """An arm before its training: which images it trains on, how many, and for how many steps.

    `sources` counts the originals that the images come from, `augmented` the variants among them,
    `seen` the images that a run comes to see; with folds the counts are those of the first fold.
    `constant_loss` is the training loss of the best constant answer, in nats. Both are None where
    version 0.1 wrote the file.
    """

    name: str
    manifest: str
    train_on: TrainOn | None
    images: Count
    sources: Count
    augmented: Count
    steps: Count
    seen: Count | None = None
    constant_loss: Annotated[float, Meta(ge=0, le=100)] | None = None


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
    """The options of `trainer fit` that all runs share: those that no arm, seed or budget sets.

    The last three are left out where they are not given, as before there were such options.
    """

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
    source: SourceOptions | UnsetType = UNSET
    skip_unreadable: bool | UnsetType = UNSET
    test_split: TestSplit | UnsetType = UNSET

    @classmethod
    def of(cls, fit: FitConfig) -> SharedFit:
        """Return those options of a configuration that all runs share."""
        return cls(**{name: getattr(fit, name) for name in cls.__struct_fields__})

    def without_places(self) -> SharedFit:
        """Return the options without the folders that their files are in: they may have moved."""
        weights = Path(self.weights).name
        return structs.replace(self, weights=weights, source=source_without_places(self.source))

    def read_table(self, manifest: str) -> Table:
        """Read a manifest as the runs do; raises TableError."""
        skip = self.skip_unreadable is True
        options = DEFAULT_OPTIONS if isinstance(self.source, UnsetType) else self.source
        return read_table(Path(manifest), options, skip_unreadable=skip)


class ComparisonConfig(Struct, frozen=True, kw_only=True):
    """All that the runs of a comparison depend on, and what its guards found.

    `contrasts` are (treatment, baseline), the first the primary one. `manifests` has the hash of
    each manifest, `fold_numbers` is empty without folds, `threads` are those of each run.
    `test_groups` has a number for each test image, alike for those of one group; it is empty where
    each image is a group of its own. `turns` is how a source's images take turns: version 0.1
    showed them in their order. `max_seeds` and `recipes` declare how often the test images will be
    looked at.
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
    test_groups: tuple[Count, ...] = ()
    turns: Literal["in order", "drawn"] = "in order"
    max_seeds: Positive | None = None
    recipes: Positive | None = None

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

    def arms_by_content(self) -> list[dict[str, object]]:
        """Return the arms with the hashes of their manifests in the place of their paths.

        What follows from the rest, and version 0.1 did not record, is left out.
        """
        arms = []
        for arm in self.arms:
            plain = structs.asdict(arm)
            plain["manifest"] = self.manifests[arm.manifest]
            del plain["seen"], plain["constant_loss"]
            arms.append(plain)
        return arms

    @property
    def key(self) -> str:
        """Return a hash that names this comparison, wherever its folder and its manifests are.

        Ledgers of looks have it, so it must not change from version to version.
        """
        return self._hash_identity({"seeds": self.seeds})

    @property
    def design_key(self) -> str:
        """Return a hash that names this comparison whatever its seeds."""
        return self._hash_identity({})

    def _hash_identity(self, more: dict[str, tuple[int, ...]]) -> str:
        identity = {
            **more,
            "arms": self.arms_by_content(),
            "contrasts": self.contrasts,
            "budget": self.budget,
            "metric": self.metric,
            "margin": self.margin,
            "folds": self.folds,
            # The place of weights was always part of it; how tables are read came later.
            "fit": structs.replace(self.fit, source=source_without_places(self.fit.source)),
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


def check_begun_alike(folder: Path, before: ComparisonConfig, now: ComparisonConfig) -> None:
    """Raise RunError where a comparison was begun with something else than is asked for now."""
    names = [name for name in ComparisonConfig.__struct_fields__ if name not in _MAY_CHANGE]
    # Arms come last: a difference in one of the others is the reason for theirs.
    names.sort(key=lambda name: name == "arms")
    for name in names:
        if _by_content(before, name) != _by_content(now, name):
            old, new = _as_json(getattr(before, name)), _as_json(getattr(now, name))
            raise RunError(f"{folder} was begun with {name} {old}, not {new}; use another folder")
    # Seeds may be added, since each is a run of its own.
    if now.seeds[: len(before.seeds)] != before.seeds:
        raise RunError(
            f"{folder} was begun with the seeds {_as_json(before.seeds)}, which "
            f"{_as_json(now.seeds)} does not begin with; use another folder"
        )


def _by_content(config: ComparisonConfig, name: str) -> object:
    """Return a field of a configuration, wherever the files are that it names."""
    match name:
        case "arms":
            return config.arms_by_content()
        case "manifests":
            return set(config.manifests.values())
        case "fit":
            return config.fit.without_places()
    return getattr(config, name)


def _as_json(value: object) -> str:
    return shorten(json.dumps(to_plain(value), ensure_ascii=False), 120)
