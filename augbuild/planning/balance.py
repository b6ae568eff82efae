"""How many images each class gets in train: so many variants for all, or what balances them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from augbuild.core.text import plural
from augbuild.planning.ranks import rank
from augbuild.recipe.model import Balance, Recipe
from augbuild.sources.dataset import Source
from augbuild.sources.findings import Finding

VariantCount = Callable[[Source], int]
Ranks = Sequence[bytes]
Sizes = Mapping[str, int]
"""Numbers of train images, by class."""

_BELOW_ALL_RANKS = b""
_HIGHEST_CAP = 1000  # of `cap_per_source`


@dataclass(frozen=True, slots=True)
class Balanced:
    """The sources that a recipe keeps, in their order, and the number of variants of each.

    `before` counts the train images of each class before any was left out.
    """

    sources: list[Source]
    variants: VariantCount
    before: Sizes
    findings: tuple[Finding, ...] = ()


def balance_classes(recipe: Recipe, sources: list[Source]) -> Balanced:
    """Bring every class in train to the target of a recipe's balance, if it has one.

    What a class has above the target is left out, what it lacks is shared out as variants. The
    findings say where images are left out, and where the cap of a source keeps from the target.
    """
    sizes = Counter(source.label for source in sources if source.split == "train")
    balance = recipe.augment.balance
    if balance is None:
        return Balanced(sources, variant_count(recipe, sources), sizes)
    target = images_per_class(balance, sizes)
    kept = _undersample(recipe.seed, sources, sizes, target)
    found = [*find_undersampled(sizes, target), *find_short(sizes, target, balance.cap_per_source)]
    return Balanced(kept, variant_count(recipe, kept), sizes, tuple(found))


def variants_by_class(recipe: Recipe) -> VariantCount:
    """Return a function that counts variants as `variants` says, of all or of a class."""

    def count(source: Source) -> int:
        if source.split != "train":
            return 0
        rules = recipe.classes.get(source.label)
        if rules is None or rules.variants is None:
            return recipe.augment.variants
        return rules.variants

    return count


def variant_count(recipe: Recipe, sources: Iterable[Source]) -> VariantCount:
    """Return a function that counts the variants of a source; 0 outside train."""
    balance = recipe.augment.balance
    if balance is None:
        return variants_by_class(recipe)

    def rank_of(source: Source) -> bytes:
        return rank(recipe.seed, "balance", source.key)

    ranks: dict[str, list[bytes]] = {}
    for source in sources:
        if source.split == "train":
            members = ranks.setdefault(source.label, [])
            members.append(rank_of(source))
    sizes = {label: len(members) for label, members in ranks.items()}
    target = images_per_class(balance, sizes)
    shares = {}
    for label, members in ranks.items():
        shares[label] = _share_out(sorted(members), target)

    def count(source: Source) -> int:
        if source.split != "train":
            return 0
        each, last_rank = shares[source.label]
        if rank_of(source) <= last_rank:
            each += 1
        return min(each, balance.cap_per_source)

    return count


def images_per_class(balance: Balance, sizes: Sizes) -> int:
    """Return the number of images that each class shall have, originals included."""
    target = balance.target
    if isinstance(target, int):
        return target
    largest = max(sizes.values(), default=0)
    if target == "max":
        return largest
    times = int(target.removeprefix("x"))
    return largest * times


def find_undersampled(sizes: Sizes, target: int) -> list[Finding]:
    """Find the classes that have more originals than the target: the others are left out."""
    above = {label: size - target for label, size in sizes.items() if size > target}
    if not above:
        return []
    classes = plural(len(above), "class has", "classes have")
    images = plural(sum(above.values()), "train image is", "train images are")
    finding = Finding(
        kind="undersampled classes",
        message=f"{classes} more train images than the balance's target of {target:,}; "
        f"{images} left out",
        count=len(above),
        examples=tuple(f"{label} {number:,}" for label, number in above.items()),
        advice=f"target = {max(sizes.values())} keeps all",
    )
    return [finding]


def find_short(sizes: Sizes, target: int, cap: int) -> list[Finding]:
    """Find the classes that cannot reach the target with `cap` variants of each source."""
    short = {}
    for label, size in sizes.items():
        reached = size * (1 + cap)
        if reached < target:
            short[label] = reached
    if not short:
        return []
    advice = f"target = {min(short.values())} can be reached"
    needed = max(ceil(target / sizes[label]) - 1 for label in short)
    if needed <= _HIGHEST_CAP:
        advice += f", and so can this one with cap_per_source = {needed}"
    classes = plural(len(short), "class does", "classes do")
    finding = Finding(
        kind="balance not reached",
        message=f"{classes} not reach the balance's target of {target:,} train images",
        count=len(short),
        examples=tuple(f"{label} {reached:,}" for label, reached in short.items()),
        advice=advice,
    )
    return [finding]


def _undersample(seed: int, sources: list[Source], sizes: Sizes, target: int) -> list[Source]:
    """Leave out the train images that a class has above the target: those that rank last."""
    ranks: dict[str, list[bytes]] = {}
    for source in sources:
        if source.split == "train" and sizes[source.label] > target:
            members = ranks.setdefault(source.label, [])
            members.append(rank(seed, "undersample", source.key))
    last_ranks = {label: sorted(members)[target - 1] for label, members in ranks.items()}
    kept = []
    for source in sources:
        last_rank = last_ranks.get(source.label) if source.split == "train" else None
        if last_rank is None or rank(seed, "undersample", source.key) <= last_rank:
            kept.append(source)
    return kept


def _share_out(ranks: Ranks, target: int) -> tuple[int, bytes]:
    """Return the variants that each source of a class gets, and the last rank to get one more.

    `ranks` are those of the sources, sorted.
    """
    size = len(ranks)
    missing = max(target - size, 0)
    each, more = divmod(missing, size)
    if not more:
        return each, _BELOW_ALL_RANKS
    return each, ranks[more - 1]
