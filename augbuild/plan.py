"""What a build will make: sources and recipe in, tasks out, in plan order and without touching a pixel."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from augbuild.errors import RecipeError, SourceError
from augbuild.manifest import SPLITS
from augbuild.recipe import Balance, Recipe
from augbuild.sample import draw
from augbuild.schema import nearest
from augbuild.sources import Rejected, Source, SourceDataset
from augbuild.split import assign_folds, assign_splits, groups_by_pattern
from augbuild.transforms import Op

AUGMENTED_FOLDER = "augmented_train"
_EXTENSIONS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
_POOL_PAYS_FROM = 1000  # pictures to look at: a second or two, about what a pool costs to start
_STEM_BYTES = 200  # of the 255 that file systems allow; the rest is for hash, variant and extension
_NOT_PORTABLE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]|^[-. ]+|[. ]+$')


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


VariantCount = Callable[[Source], int]


@dataclass(frozen=True, slots=True)
class Plan:
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
        return originals | {f"{AUGMENTED_FOLDER}/{source.label}" for source in self.sources if self.variants(source)}


def make_plan(recipe: Recipe, dataset: SourceDataset, n_jobs: int = 1) -> Plan:
    """Split the sources where they are not, put them in order and say what the recipe makes of each.

    Raises SourceError where a class has no train image, RecipeError where the recipe names a class that is not there.
    """
    check_classes(recipe, dataset)
    split = dataset.sources if dataset.is_split else _split(recipe, dataset, n_jobs)
    dataset = replace(dataset, sources=())  # else those without a split would stay in memory beside those with one
    kept, collisions = distinct(in_plan_order(split))
    sources = tuple(kept)
    rejected = tuple(sorted((*dataset.rejected, *collisions), key=lambda each: each.source))
    warnings = (*recipe.warnings, *dataset.warnings)
    planned = replace(dataset, sources=sources)
    return Plan(recipe, planned, sources, rejected, warnings, variant_count(recipe, sources))


def check_classes(recipe: Recipe, dataset: SourceDataset) -> None:
    """Hold a recipe's classes against those of a dataset; raises SourceError or RecipeError."""
    for label in recipe.deny:
        if label not in dataset.classes:
            near = nearest(label, dataset.classes)
            hint = f"did you mean {near!r}?" if near else f"it has {', '.join(map(repr, dataset.classes[:10]))}"
            raise RecipeError(f"the recipe's [classes] names {label!r}, which the source does not have; {hint}")
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
    return assign_splits(dataset.sources, group_of, seed=recipe.seed, test=spec.test, validation=spec.validation)


def _near_duplicates(dataset: SourceDataset, n_jobs: int) -> dict[str, str]:
    from augbuild.duplicates import fingerprint, group, near_duplicates  # NumPy and Pillow: only where pixels are read
    from augbuild.parallel import run_chunks

    paths = [source.path for source in dataset.sources]
    files = [dataset.root / path for path in paths]
    prints = run_chunks(fingerprint, files, n_jobs=n_jobs, pays_from=_POOL_PAYS_FROM, lost=lambda _: None)
    known = {path: found for path, found in zip(paths, prints, strict=True) if found is not None}
    return group(near_duplicates(dataset.root, known))


def in_plan_order(sources: Iterable[Source]) -> list[Source]:
    """Sort by split (train, validation, test), class and path."""
    ordered = sorted(sources, key=lambda source: source.path)
    ordered.sort(key=lambda source: source.label)  # three times, for a tuple each would weigh as much as the source
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
    taken = {source.path for source in sorted(sources, key=lambda source: turn[source.path])[:limit]}
    return [source for source in sources if source.path in taken]


def name_stem(key: str) -> str:
    """Name the outputs of a source: its portable stem and 8 hex digits of its whole path, which keep it apart."""
    key = unicodedata.normalize("NFC", key)
    stem = _NOT_PORTABLE.sub("_", PurePosixPath(key).stem)
    short = stem.encode()[:_STEM_BYTES].decode(errors="ignore")
    return f"{short}_{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def distinct(sources: Iterable[Source]) -> tuple[list[Source], list[Rejected]]:
    """Part the sources whose outputs would have the same name as those of an earlier one, on any file system."""
    kept: list[Source] = []
    rejected: list[Rejected] = []
    taken: set[bytes] = set()  # 8 bytes each: a name would cost ten times the memory
    for source in sources:
        name = f"{source.split}/{source.label}/{name_stem(source.key)}".casefold()
        digest = hashlib.sha256(name.encode()).digest()[:8]
        if digest in taken:
            rejected.append(Rejected(source.path, "bad_name", "its outputs would be named as those of another source"))
        else:
            taken.add(digest)
            kept.append(source)
    return kept, rejected


def variant_count(recipe: Recipe, sources: Iterable[Source]) -> VariantCount:
    """Tell how many variants each source gets: as many for all, or what balances the classes; none outside train."""
    balance = recipe.augment.balance
    if balance is None:
        return lambda source: recipe.augment.variants if source.split == "train" else 0
    ranks: defaultdict[str, list[bytes]] = defaultdict(list)
    for source in sources:
        if source.split == "train":
            ranks[source.label].append(_rank(recipe.seed, source))
    target = _target(balance, [len(members) for members in ranks.values()])
    shares = {label: _share(sorted(members), target) for label, members in ranks.items()}

    def count(source: Source) -> int:
        if source.split != "train":
            return 0
        base, last = shares[source.label]
        return min(base + (_rank(recipe.seed, source) <= last), balance.cap_per_source)

    return count


def _rank(seed: int, source: Source) -> bytes:
    return hashlib.sha256(f"{seed}\x1fbalance\x1f{unicodedata.normalize('NFC', source.key)}".encode()).digest()[:8]


def _target(balance: Balance, sizes: Sequence[int]) -> int:
    """Give the images per class to reach, originals included."""
    if isinstance(balance.target, int):
        return balance.target
    largest = max(sizes, default=0)
    return largest if balance.target == "max" else largest * int(balance.target.removeprefix("x"))


def _share(ranks: Sequence[bytes], target: int) -> tuple[int, bytes]:
    """Give each source `base` variants, and one more to those whose rank is at most the second value."""
    base, more = divmod(max(target - len(ranks), 0), len(ranks))
    return base, ranks[more - 1] if more else b""


def make_task(recipe: Recipe, source: Source, variants: int) -> Task:
    """Name and draw everything to make from one source."""
    stem, split = name_stem(source.key), source.split or "train"
    suffix = PurePosixPath(source.key).suffix.lower()
    original = Output(f"{split}/{source.label}/{stem}{suffix}", variant=None)
    extension = _EXTENSIONS[recipe.output.format]
    return Task(source, (original, *(
        Output(
            f"{AUGMENTED_FOLDER}/{source.label}/{stem}_aug{variant}{extension}",
            variant,
            draw(recipe, source.key, source.label, variant),
        )
        for variant in range(variants)
    )))  # fmt: skip
