"""What a build will make: sources and recipe in, tasks out, in plan order and without a pixel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from augbuild.catalogue.transforms import Op
from augbuild.core.text import nearest
from augbuild.dataset.layout import AUGMENTED_FOLDER
from augbuild.errors import RecipeError, SourceError
from augbuild.planning.balance import Sizes, VariantCount, balance_classes
from augbuild.planning.folds import assign_folds
from augbuild.planning.grouping import find_groups
from augbuild.planning.naming import original_extension, output_stem, reject_collisions
from augbuild.planning.sampling import draw_variants
from augbuild.planning.split import assign_splits
from augbuild.recipe.model import Recipe
from augbuild.similarity.duplicates import Duplicates, look_for_duplicates, settle_duplicates
from augbuild.sources.dataset import SPLITS, Rejected, Source, SourceDataset
from augbuild.sources.findings import Finding
from augbuild.sources.licences import find_licence_files

_EXTENSIONS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
_CLASSES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Output:
    """One file to make: an original (variant None) or a variant with its ops.

    A `framed` original is decoded, brought to the size of all images and encoded; any other is
    copied.
    """

    file_name: str
    variant: int | None
    ops: tuple[Op, ...] = ()
    framed: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """Everything to make from one source, the original first."""

    source: Source
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What a recipe makes of a dataset.

    `sources` are in plan order, all with a split; `rejected` are those that were rejected before
    any was opened. `before` counts the train images of each class before a balance left any out.
    """

    recipe: Recipe
    dataset: SourceDataset
    sources: tuple[Source, ...]
    rejected: tuple[Rejected, ...]
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]
    variants: VariantCount
    before: Sizes

    def task(self, source: Source) -> Task:
        """Draw everything to make from one source."""
        variants = self.variants(source)
        return make_task(self.recipe, source, variants)

    def output_names(self, source: Source) -> list[str]:
        """Return the names of everything to make from one source, drawing nothing."""
        return name_outputs(self.recipe, source, self.variants(source))

    def output_count(self, source: Source) -> int:
        """Count what is to be made from one source."""
        return 1 + self.variants(source)

    def image_counts(self) -> dict[str, dict[str, int]]:
        """Count what is to be made, by folder of the tree and class, as if none were rejected."""
        counts: dict[str, dict[str, int]] = {}
        for source in self.sources:
            images = {source.split or "train": 1, AUGMENTED_FOLDER: self.variants(source)}
            for folder, count in images.items():
                if count:
                    of_folder = counts.setdefault(folder, dict.fromkeys(self.dataset.classes, 0))
                    of_folder[source.label] += count
        return counts

    def tasks(self) -> Iterator[Task]:
        """Draw the tasks in plan order, one at a time."""
        return map(self.task, self.sources)

    def class_folders(self) -> set[str]:
        """Return the folders that outputs go to, relative to the tree."""
        folders: set[str] = set()
        for folder, counts in self.image_counts().items():
            folders.update(f"{folder}/{label}" for label, count in counts.items() if count)
        return folders


def make_plan(
    recipe: Recipe, dataset: SourceDataset, n_jobs: int = 1, *, quiet: bool = True
) -> BuildPlan:
    """Split the sources where they are not, and put them in plan order.

    Raises SourceError where a class has no train image, RecipeError where the recipe names a class
    that the dataset does not have.
    """
    check_classes(recipe, dataset)
    duplicates = look_for_duplicates(recipe.split, dataset, n_jobs=n_jobs, quiet=quiet)
    dataset, found = settle_duplicates(recipe.split, dataset, duplicates)
    check_classes(recipe, dataset)
    split = dataset.sources if dataset.is_split else _split(recipe, dataset, duplicates)
    ordered = in_plan_order(split)
    # Sources without a split would else stay in memory beside those with one.
    dataset = replace(dataset, sources=())
    kept, collisions = reject_collisions(ordered)
    balanced = balance_classes(recipe, kept)
    sources = tuple(balanced.sources)
    rejected = [*dataset.rejected, *collisions]
    rejected.sort(key=lambda each: each.source)
    return BuildPlan(
        recipe=recipe,
        dataset=replace(dataset, sources=sources),
        sources=sources,
        rejected=tuple(rejected),
        warnings=recipe.warnings,
        findings=(*remaining_findings(recipe, dataset), *found, *balanced.findings),
        variants=balanced.variants,
        before=balanced.before,
    )


def check_classes(recipe: Recipe, dataset: SourceDataset) -> None:
    """Check a recipe's classes against those of a dataset; raises RecipeError.

    Raises SourceError where a dataset with splits has a class without a train image.
    """
    unknown = []
    for label in recipe.classes:
        if label not in dataset.classes:
            place = recipe.class_places.get(label, f"classes.{label}")
            unknown.append(f"{place} is not a class of the source; {_hint(label, dataset.classes)}")
    if unknown:
        raise RecipeError("\n".join(unknown))
    if not dataset.is_split:
        return
    in_train = {source.label for source in dataset.sources if source.split == "train"}
    for label in dataset.classes:
        if label not in in_train:
            raise SourceError(
                f"class {label!r} has no image in train/; add some, "
                "or remove it from the other splits"
            )


def remaining_findings(recipe: Recipe, dataset: SourceDataset) -> tuple[Finding, ...]:
    """Return the findings about a dataset that a recipe has not answered.

    A pattern in `split.group` answers names that look augmented: it keeps them together. A licence
    in the recipe answers the file that it was taken from.
    """
    found = list(dataset.findings)
    if dataset.attribution is None and recipe.dataset.license is None:
        found += find_licence_files(dataset.root)
    by_pattern = recipe.split.group not in {"near-duplicates", "none"}
    if not by_pattern or dataset.is_split:
        return tuple(found)
    return tuple(each for each in found if each.kind != "already augmented")


def _hint(label: str, classes: Sequence[str]) -> str:
    near = nearest(label, classes)
    if near is not None:
        return f"did you mean {near!r}?"
    shown = [repr(name) for name in classes[:_CLASSES_SHOWN]]
    return f"it has {', '.join(shown)}"


def _split(recipe: Recipe, dataset: SourceDataset, duplicates: Duplicates | None) -> list[Source]:
    spec = recipe.split
    twins = duplicates.twins if duplicates is not None else ()
    pairs = [(pair.first, pair.second) for pair in twins]
    groups = find_groups(dataset.sources, spec.group, pairs)
    if spec.folds is not None:
        return assign_folds(
            dataset.sources,
            groups,
            seed=recipe.seed,
            folds=spec.folds,
        )
    return assign_splits(
        dataset.sources,
        groups,
        seed=recipe.seed,
        test=spec.test,
        validation=spec.validation,
    )


def in_plan_order(sources: Iterable[Source]) -> list[Source]:
    """Sort by split (train, validation, test), class and path."""
    # Three times: one key of all three would weigh as much as the source.
    ordered = sorted(sources, key=lambda source: source.path)
    ordered.sort(key=lambda source: source.label)
    ordered.sort(key=lambda source: SPLITS.index(source.split or "train"))
    return ordered


def spread(sources: Sequence[Source], limit: int) -> list[Source]:
    """Take `limit` sources of a plan, evenly over its splits and classes, in plan order."""
    seen: Counter[str] = Counter()
    turns: dict[str, int] = {}
    for source in sources:
        folder = f"{source.split}/{source.label}"
        turns[source.path] = seen[folder]
        seen[folder] += 1
    # The sort is stable: of one turn, all in plan order.
    by_turn = sorted(turns, key=lambda path: turns[path])
    taken = set(by_turn[:limit])
    return [source for source in sources if source.path in taken]


def make_task(recipe: Recipe, source: Source, variants: int) -> Task:
    """Name and draw everything to make from one source."""
    original, *augmented = name_outputs(recipe, source, variants)
    outputs = [Output(original, variant=None, framed=recipe.output.frame is not None)]
    drawn = draw_variants(recipe, source.key, source.label, variants)
    for variant, file_name in enumerate(augmented):
        outputs.append(Output(file_name, variant, drawn[variant]))
    return Task(source, tuple(outputs))


def name_outputs(recipe: Recipe, source: Source, variants: int) -> list[str]:
    """Name everything to make from one source, the original first, without drawing any of it."""
    stem = output_stem(source.key)
    split = source.split or "train"
    extension = suffix = _EXTENSIONS[recipe.output.format]
    if recipe.output.frame is None:
        suffix = original_extension(source.key)
    original = f"{split}/{source.label}/{stem}{suffix}"
    folder = f"{AUGMENTED_FOLDER}/{source.label}"
    return [original, *(f"{folder}/{stem}_aug{variant}{extension}" for variant in range(variants))]
