"""How many variants each source gets: as many for all, or what balances the classes."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from augbuild.recipe.model import Balance, Recipe
from augbuild.sources.dataset import Source

VariantCount = Callable[[Source], int]


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
    return hashlib.sha256(
        f"{seed}\x1fbalance\x1f{unicodedata.normalize('NFC', source.key)}".encode()
    ).digest()[:8]


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
