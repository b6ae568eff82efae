"""Numbers of variants: the same for all, or what brings classes to one size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.planning.balance import variant_count
from augbuild.recipe.load import parse_recipe
from augbuild.recipe.model import Recipe
from augbuild.sources.dataset import Source, Split
from tests.augbuild.recipe.strategies import smallest, to_toml

from .datasets import sources_of


def balanced(target: int | str, cap: int = 100, seed: int = 1) -> Recipe:
    balance = {"target": target, "cap_per_source": cap}
    table = smallest({"op": "hflip"}, augment={"balance": balance}, seed=seed)
    return parse_recipe(to_toml(table), Path(), "x.toml")


def in_train(classes: dict[str, int]) -> list[Source]:
    return [replace(source, split="train") for source in sources_of(classes)]


def totals(recipe: Recipe, sources: Sequence[Source]) -> dict[str, int]:
    """Count the images of each class in train, originals included."""
    count = variant_count(recipe, sources)
    found: Counter[str] = Counter()
    for source in sources:
        if source.split == "train":
            found[source.label] += 1 + count(source)
    return dict(found)


def test_without_a_balance_all_of_train_get_the_same() -> None:
    recipe = parse_recipe(
        to_toml(smallest({"op": "hflip"}, augment={"variants": 4})), Path(), "x.toml"
    )
    count = variant_count(recipe, [])
    splits: dict[Split | None, int] = {"train": 4, "validation": 0, "test": 0, None: 0}
    for split, variants in splits.items():
        assert count(Source("a/1.jpg", "a", split=split)) == variants


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("max", {"a": 40, "b": 40, "c": 40}),
        ("x3", {"a": 120, "b": 120, "c": 120}),
        (50, {"a": 50, "b": 50, "c": 50}),
        (13, {"a": 13, "b": 40, "c": 13}),
        (1, {"a": 13, "b": 40, "c": 1}),
    ],
)
def test_classes_come_to_the_target_exactly(target: int | str, expected: dict[str, int]) -> None:
    sources = in_train({"a": 13, "b": 40, "c": 1})
    assert totals(balanced(target, cap=1000), sources) == expected


@given(st.integers(1, 30), st.integers(1, 200), st.integers(0, 100))
def test_sources_of_a_class_differ_by_one_variant_at_most(
    size: int, target: int, seed: int
) -> None:
    sources = in_train({"a": size})
    count = variant_count(balanced(target, cap=1000, seed=seed), sources)
    variants = [count(source) for source in sources]
    assert max(variants) - min(variants) <= 1
    assert size + sum(variants) == max(size, target)


def test_no_source_gets_more_than_its_cap() -> None:
    sources = in_train({"a": 2, "b": 40})
    assert totals(balanced("max", cap=5), sources) == {"a": 12, "b": 40}


def test_nothing_in_train_is_balanced_too() -> None:
    tests = [replace(source, split="test") for source in sources_of({"a": 3})]
    assert variant_count(balanced("max"), tests)(tests[0]) == 0


def test_only_train_counts_and_only_train_gets_any() -> None:
    sources = in_train({"a": 5, "b": 8})
    sources += [replace(source, split="test") for source in sources_of({"a": 90})]
    recipe = balanced("max")
    assert totals(recipe, sources) == {"a": 8, "b": 8}
    count = variant_count(recipe, sources)
    assert not any(count(source) for source in sources if source.split == "test")


def test_who_gets_one_more_depends_on_the_seed_and_not_on_the_order() -> None:
    sources = in_train({"a": 20})
    chosen = []
    for seed in (1, 2):
        recipe = balanced(30, seed=seed)
        count, again = variant_count(recipe, sources), variant_count(recipe, sources[::-1])
        favoured = {source.path for source in sources if count(source)}
        assert favoured == {source.path for source in sources if again(source)}
        assert len(favoured) == 10
        chosen.append(favoured)
    assert chosen[0] != chosen[1]


def test_these_numbers_stay_what_they_are() -> None:
    """A change here makes other variants of every balanced dataset."""
    sources = in_train({"a": 7})
    count = variant_count(balanced(10, seed=42), sources)
    assert [count(source) for source in sources] == [0, 0, 1, 1, 0, 1, 0]
