"""How many variants each source gets: as many for all, or what balances the classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from augbuild.planning.ranks import rank
from augbuild.recipe.model import Balance, Recipe
from augbuild.sources.dataset import Source

VariantCount = Callable[[Source], int]
Ranks = Sequence[bytes]

_BELOW_ALL_RANKS = b""


def variant_count(recipe: Recipe, sources: Iterable[Source]) -> VariantCount:
    """Return a function that counts the variants of a source; 0 outside train."""
    balance = recipe.augment.balance

    def same_for_all(source: Source) -> int:
        return recipe.augment.variants if source.split == "train" else 0

    if balance is None:
        return same_for_all

    def rank_of(source: Source) -> bytes:
        return rank(recipe.seed, "balance", source.key)

    ranks: dict[str, list[bytes]] = {}
    for source in sources:
        if source.split == "train":
            members = ranks.setdefault(source.label, [])
            members.append(rank_of(source))
    target = _images_per_class(balance, ranks)
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


def _images_per_class(balance: Balance, classes: Mapping[str, Ranks]) -> int:
    """Return the number of images that each class shall have, originals included."""
    target = balance.target
    if isinstance(target, int):
        return target
    sizes = [len(members) for members in classes.values()]
    largest = max(sizes, default=0)
    if target == "max":
        return largest
    times = int(target.removeprefix("x"))
    return largest * times


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
