"""What a build will make: sources and recipe in, tasks out, in plan order and without touching a pixel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from augbuild.catalogue.transforms import Op
from augbuild.core.text import nearest
from augbuild.dataset.layout import AUGMENTED_FOLDER
from augbuild.errors import RecipeError, SourceError
from augbuild.planning.balance import VariantCount, variant_count
from augbuild.planning.naming import output_stem, reject_collisions
from augbuild.planning.sampling import draw_ops
from augbuild.planning.split import assign_folds, assign_splits, groups_by_pattern
from augbuild.recipe.model import Recipe
from augbuild.sources.dataset import SPLITS, Rejected, Source, SourceDataset

_EXTENSIONS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
_POOL_PAYS_FROM = 1000  # pictures to look at: a second or two, about what a pool costs to start


@dataclass(frozen=True, slots=True)
class Output:
    """One file to make: an original (variant None) or a variant with its ops."""

    file_name: str
    variant: int | None
    ops: tuple[Op, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """Everything to make from one source, the original first."""

    source: Source
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """A recipe held against a dataset: `sources` in plan order, all with a split; `rejected` before any was opened."""

    recipe: Recipe
    dataset: SourceDataset
    sources: tuple[Source, ...]
    rejected: tuple[Rejected, ...]
    warnings: tuple[str, ...]
    variants: VariantCount

    def task(self, source: Source) -> Task:
        """Draw everything to make from one source."""
        return make_task(self.recipe, source, self.variants(source))

    def tasks(self) -> Iterator[Task]:
        """Draw the tasks in plan order, one at a time."""
        return map(self.task, self.sources)

    def class_folders(self) -> set[str]:
        """Give the folders that outputs go to."""
        originals = {f"{source.split}/{source.label}" for source in self.sources}
        return originals | {
            f"{AUGMENTED_FOLDER}/{source.label}" for source in self.sources if self.variants(source)
        }


def make_plan(recipe: Recipe, dataset: SourceDataset, n_jobs: int = 1) -> BuildPlan:
    """Split the sources where they are not, put them in order and say what the recipe makes of each.

    Raises SourceError where a class has no train image, RecipeError where the recipe names a class that is not there.
    """
    check_classes(recipe, dataset)
    split = dataset.sources if dataset.is_split else _split(recipe, dataset, n_jobs)
    dataset = replace(
        dataset, sources=()
    )  # else those without a split would stay in memory beside those with one
    kept, collisions = reject_collisions(in_plan_order(split))
    sources = tuple(kept)
    rejected = tuple(sorted((*dataset.rejected, *collisions), key=lambda each: each.source))
    warnings = (*recipe.warnings, *dataset.warnings)
    planned = replace(dataset, sources=sources)
    return BuildPlan(recipe, planned, sources, rejected, warnings, variant_count(recipe, sources))


def check_classes(recipe: Recipe, dataset: SourceDataset) -> None:
    """Hold a recipe's classes against those of a dataset; raises SourceError or RecipeError."""
    for label in recipe.deny:
        if label not in dataset.classes:
            near = nearest(label, dataset.classes)
            hint = (
                f"did you mean {near!r}?"
                if near
                else f"it has {', '.join(map(repr, dataset.classes[:10]))}"
            )
            raise RecipeError(
                f"the recipe's [classes] names {label!r}, which the source does not have; {hint}"
            )
    if dataset.is_split:
        trained = {source.label for source in dataset.sources if source.split == "train"}
        if missing := [label for label in dataset.classes if label not in trained]:
            raise SourceError(
                f"class {missing[0]!r} has no image in train/; add some, or remove it from the other splits"
            )


def _split(recipe: Recipe, dataset: SourceDataset, n_jobs: int) -> list[Source]:
    spec, group_of = recipe.split, {}
    if spec.group == "near-duplicates":
        group_of = _near_duplicates(dataset, n_jobs)
    elif spec.group != "none":
        group_of = groups_by_pattern(dataset.sources, spec.group)
    if spec.folds is not None:
        return assign_folds(dataset.sources, group_of, seed=recipe.seed, folds=spec.folds)
    return assign_splits(
        dataset.sources, group_of, seed=recipe.seed, test=spec.test, validation=spec.validation
    )


def _near_duplicates(dataset: SourceDataset, n_jobs: int) -> dict[str, str]:
    from augbuild.core.pool import map_cheap
    from augbuild.similarity.hashes import signature
    from augbuild.similarity.search import group_pairs, near_duplicates_within

    paths = [source.path for source in dataset.sources]
    files = [dataset.root / path for path in paths]
    prints = map_cheap(
        signature, files, n_jobs=n_jobs, pays_from=_POOL_PAYS_FROM, lost=lambda _: None
    )
    known = {path: found for path, found in zip(paths, prints, strict=True) if found is not None}
    return group_pairs(near_duplicates_within(dataset.root, known))


def in_plan_order(sources: Iterable[Source]) -> list[Source]:
    """Sort by split (train, validation, test), class and path."""
    ordered = sorted(sources, key=lambda source: source.path)
    ordered.sort(
        key=lambda source: source.label
    )  # three times, for a tuple each would weigh as much as the source
    ordered.sort(key=lambda source: SPLITS.index(source.split or "train"))
    return ordered


def spread(sources: Sequence[Source], limit: int) -> list[Source]:
    """Take `limit` sources of a plan, evenly over its splits and classes."""
    seen: Counter[tuple[str | None, str]] = Counter()
    turn: dict[str, int] = {}
    for source in sources:
        bucket = (source.split, source.label)
        turn[source.path] = seen[bucket]
        seen[bucket] += 1
    taken = {
        source.path for source in sorted(sources, key=lambda source: turn[source.path])[:limit]
    }
    return [source for source in sources if source.path in taken]


def make_task(recipe: Recipe, source: Source, variants: int) -> Task:
    """Name and draw everything to make from one source."""
    stem, split = output_stem(source.key), source.split or "train"
    suffix = PurePosixPath(source.key).suffix.lower()
    original = Output(f"{split}/{source.label}/{stem}{suffix}", variant=None)
    extension = _EXTENSIONS[recipe.output.format]
    return Task(source, (original, *(
        Output(
            f"{AUGMENTED_FOLDER}/{source.label}/{stem}_aug{variant}{extension}",
            variant,
            draw_ops(recipe, source.key, source.label, variant),
        )
        for variant in range(variants)
    )))  # fmt: skip
