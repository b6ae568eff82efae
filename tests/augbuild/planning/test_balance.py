"""Numbers of variants: the same for all, or what brings classes to one size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.planning.balance import balance_classes, variant_count
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
    balanced = balance_classes(recipe, list(sources))
    found: Counter[str] = Counter()
    for source in balanced.sources:
        if source.split == "train":
            found[source.label] += 1 + balanced.variants(source)
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
        (13, {"a": 13, "b": 13, "c": 13}),
        (1, {"a": 1, "b": 1, "c": 1}),
    ],
)
def test_classes_come_to_the_target_exactly(target: int | str, expected: dict[str, int]) -> None:
    sources = in_train({"a": 13, "b": 40, "c": 1})
    assert totals(balanced(target, cap=1000), sources) == expected


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1),
    st.integers(1, 60),
    st.integers(1, 5),
    st.integers(0, 100),
)
def test_what_is_not_at_the_target_is_found_and_the_advice_helps(
    classes: dict[str, int], target: int, cap: int, seed: int
) -> None:
    sources = in_train(classes)
    recipe = balanced(target, cap, seed)
    found = {each.kind: each for each in balance_classes(recipe, sources).findings}
    ends = totals(recipe, sources)
    short = [label for label, number in ends.items() if number < target]
    assert max(ends.values()) <= target
    assert (len(short) > 0) == ("balance not reached" in found)
    if short:
        finding = found["balance not reached"]
        assert finding.count == len(short)
        numbers = [int(number) for number in re.findall(r" = (\d+)", finding.advice)]
        reached, cap_needed = numbers
        for other in (balanced(reached, cap, seed), balanced(target, cap_needed, seed)):
            kinds = {each.kind for each in balance_classes(other, sources).findings}
            assert "balance not reached" not in kinds
            assert len(set(totals(other, sources).values())) == 1
        # The least that helps: one variant fewer does not.
        fewer = balance_classes(balanced(target, cap_needed - 1, seed), sources).findings
        assert "balance not reached" in {each.kind for each in fewer}
    above = {label: size - target for label, size in classes.items() if size > target}
    assert (len(above) > 0) == ("undersampled classes" in found)
    if above:
        finding = found["undersampled classes"]
        assert finding.count == len(above)
        assert f"{sum(above.values())} train image" in finding.message
        largest = int(finding.advice.split()[2])
        kinds = {each.kind for each in balance_classes(balanced(largest), sources).findings}
        assert "undersampled classes" not in kinds


def test_findings_of_a_balance_in_full() -> None:
    sources = in_train({"a": 13, "b": 40, "c": 1})
    found = balance_classes(balanced(20, cap=2), sources).findings
    assert [each.text() for each in found] == [
        "1 class has more train images than the balance's target of 20; "
        "20 train images are left out (b 20); target = 40 keeps all",
        "1 class does not reach the balance's target of 20 train images (c 3); "
        "target = 3 can be reached, and so can this one with cap_per_source = 19",
    ]
    found = balance_classes(balanced(10_000, cap=100), sources).findings
    assert [each.text() for each in found] == [
        "3 classes do not reach the balance's target of 10,000 train images "
        "(a 1,313, b 4,040, c 101); target = 101 can be reached"
    ]
    assert balance_classes(balanced("max"), sources).findings == ()


def test_the_cap_may_not_be_over_a_thousand() -> None:
    sources = in_train({"a": 1})
    advice = [
        balance_classes(balanced(target, cap=1), sources).findings[0].advice
        for target in (1001, 1002)
    ]
    assert advice == [
        "target = 2 can be reached, and so can this one with cap_per_source = 1000",
        "target = 2 can be reached",
    ]


def test_what_is_left_out_depends_on_the_seed_alone_and_only_train_loses_any() -> None:
    sources = in_train({"a": 20})
    sources += [replace(source, split="test") for source in sources_of({"a": 30})][20:]
    kept = [balance_classes(balanced(12, seed=seed), sources).sources for seed in (1, 1, 2)]
    again = balance_classes(balanced(12, seed=1), sources[::-1]).sources
    assert kept[0] == kept[1] == again[::-1]
    assert kept[0] != kept[2]
    for each in kept:
        assert Counter(source.split for source in each) == {"train": 12, "test": 10}
        assert each == [source for source in sources if source in each]


def test_one_source_fewer_moves_no_more_than_one() -> None:
    sources = in_train({"a": 30})
    before = balance_classes(balanced(12), sources).sources
    gone = before[3]
    after = balance_classes(balanced(12), [each for each in sources if each != gone]).sources
    assert len(set(after) - set(before)) == 1
    assert set(before) - set(after) == {gone}


def test_a_class_may_have_a_number_of_its_own() -> None:
    classes = {"a": {"variants": 5}, "b": {"variants": 0}, "c": {"deny": ["vflip"]}}
    table = smallest({"op": "hflip"}, augment={"variants": 2}, classes=classes)
    recipe = parse_recipe(to_toml(table), Path(), "x.toml")
    sources = in_train({"a": 1, "b": 1, "c": 1, "d": 1})
    assert totals(recipe, sources) == {"a": 6, "b": 1, "c": 3, "d": 3}
    assert variant_count(recipe, sources)(Source("a/9.jpg", "a", split="test")) == 0


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
