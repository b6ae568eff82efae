"""Splits: exact, stratified, stable, and groups never straddle."""

from __future__ import annotations

import tracemalloc
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.planning.grouping import groups_by_pattern
from augbuild.planning.split import assign_splits
from augbuild.sources.dataset import Source
from augbuild.sources.open import open_source

from .datasets import SEEDS, grouped, joined, sources_of

FRACTIONS = st.sampled_from([0.0, 0.1, 0.145, 0.15, 0.2, 0.25, 1 / 3, 0.4, 0.45])


def split_of(
    sources: Sequence[Source],
    group_of: Mapping[str, str] | None = None,
    *,
    seed: int = 1,
    test: float = 0.2,
    validation: float = 0.0,
) -> dict[str, str | None]:
    found = assign_splits(sources, group_of or {}, seed=seed, test=test, validation=validation)
    return {source.path: source.split for source in found}


def paths_in(splits: Mapping[str, str | None], split: str) -> set[str]:
    return {path for path, found in splits.items() if found == split}


def counts_of(sources: Iterable[Source]) -> Counter[tuple[str, str | None]]:
    return Counter((source.label, source.split) for source in sources)


def half_up(number: Fraction) -> int:
    return floor(number + Fraction(1, 2))


class TestQuotas:
    def test_the_lab(self) -> None:
        found = assign_splits(
            sources_of({"cats": 70, "dogs": 70}), {}, seed=42, test=0.2, validation=0.0
        )
        assert counts_of(found) == {
            ("cats", "train"): 56,
            ("cats", "test"): 14,
            ("dogs", "train"): 56,
            ("dogs", "test"): 14,
        }

    @pytest.mark.parametrize(
        ("size", "test", "validation", "expected"),
        [
            (1, 0.9, 0.0, (1, 0, 0)),
            (1, 0.5, 0.4, (1, 0, 0)),
            (2, 0.2, 0.0, (2, 0, 0)),
            (2, 0.25, 0.0, (1, 0, 1)),  # half is rounded up
            (2, 0.5, 0.4, (1, 0, 1)),
            (3, 0.5, 0.4, (1, 0, 2)),
            (10, 0.15, 0.15, (6, 2, 2)),
            (100, 0.145, 0.0, (85, 0, 15)),  # a float would say 14.499999999999998
            (10, 0.0, 0.0, (10, 0, 0)),
            (10, 0.0, 0.3, (7, 3, 0)),
            (7, 0.99, 0.0, (1, 0, 6)),
        ],
    )
    def test_exact_numbers(
        self, size: int, test: float, validation: float, expected: tuple[int, ...]
    ) -> None:
        splits = Counter(
            split_of(sources_of({"a": size}), test=test, validation=validation).values()
        )
        assert (splits["train"], splits["validation"], splits["test"]) == expected

    @given(st.lists(st.integers(1, 60), min_size=1, max_size=4), FRACTIONS, FRACTIONS, SEEDS)
    def test_every_class_has_its_share(
        self, sizes: list[int], test: float, validation: float, seed: int
    ) -> None:
        classes = {f"class{number}": size for number, size in enumerate(sizes)}
        found = counts_of(
            assign_splits(sources_of(classes), {}, seed=seed, test=test, validation=validation)
        )
        for label, size in classes.items():
            wanted = min(half_up(size * Fraction(str(test))), size - 1)
            assert found[label, "test"] == wanted
            assert found[label, "validation"] == min(
                half_up(size * Fraction(str(validation))), size - 1 - wanted
            )

    @given(st.lists(st.integers(1, 5), min_size=1, max_size=8), FRACTIONS, SEEDS)
    def test_groups_of_one_class_fill_it_as_exactly_as_they_can(
        self, sizes: list[int], test: float, seed: int
    ) -> None:
        sources = sources_of({"a": sum(sizes)})
        starts = [sum(sizes[:index]) for index in range(len(sizes))]
        groups = joined(
            [s.path for s in sources[start : start + n]]
            for start, n in zip(starts, sizes, strict=True)
        )
        held_out = Counter(split_of(sources, groups, seed=seed, test=test).values())["test"]
        possible = {sum(chosen) for n in range(len(sizes) + 1) for chosen in combinations(sizes, n)}
        quota = min(half_up(len(sources) * Fraction(str(test))), len(sources) - 1)
        best = min(abs(number - quota) for number in possible if number < len(sources))
        assert abs(held_out - quota) == best

    def test_each_size_of_group_has_its_share(self) -> None:
        sources = sources_of({"a": 300})
        paths = [source.path for source in sources]
        groups = joined(
            [
                *(paths[n : n + 3] for n in range(0, 90, 3)),
                *(paths[n : n + 2] for n in range(90, 190, 2)),
            ]
        )
        splits = split_of(sources, groups, test=0.2)
        in_test = Counter(
            groups.get(path, path) for path, split in splits.items() if split == "test"
        )
        assert Counter(in_test.values()) == {3: 6, 2: 10, 1: 22}

    def test_groups_of_several_classes_count_for_each(self) -> None:
        sources = sources_of({"a": 20, "b": 20})
        groups = joined([f"a/{n:04}.jpg", f"b/{n:04}.jpg"] for n in range(10))
        found = assign_splits(sources, groups, seed=1, test=0.2, validation=0.1)
        assert sorted(counts_of(found).values()) == [2, 2, 4, 4, 14, 14]
        in_test = [source for source in found if source.split == "test"]
        assert len({source.group for source in in_test if source.path in groups}) == 2

    def test_groups_of_several_classes_leave_an_image_of_each_in_train(self) -> None:
        sources = sources_of({"a": 40, "b": 2, "c": 2, "d": 2})
        paths = [source.path for source in sources]
        groups = joined(
            [[*paths[:20], "b/0000.jpg", "c/0000.jpg"], [*paths[20:40], "b/0001.jpg", "d/0000.jpg"]]
        )
        found = counts_of(assign_splits(sources, groups, seed=1, test=0.9, validation=0.0))
        assert [found[label, "train"] for label in "abcd"] == [20, 1, 1, 1]

    def test_patients_with_images_of_both_classes(self) -> None:
        sources = [
            Source(f"{label}/p{patient:02}_{index}.png", label)
            for patient in range(50)
            for label, count in (("ill", 1 + patient % 7), ("well", 1 + patient % 5))
            for index in range(count)
        ]
        groups = groups_by_pattern(sources, r"p\d+")
        for seed in range(10):
            counts = counts_of(assign_splits(sources, groups, seed=seed, test=0.2, validation=0.2))
            for label, size in Counter(source.label for source in sources).items():
                assert abs(counts[label, "test"] - size * 0.2) < 7  # one group
                assert abs(counts[label, "validation"] - size * 0.2) < 7  # one group


class TestGroups:
    @given(grouped(), FRACTIONS, FRACTIONS, SEEDS)
    def test_none_straddles_and_train_is_never_empty(
        self,
        dataset: tuple[list[Source], dict[str, str]],
        test: float,
        validation: float,
        seed: int,
    ) -> None:
        sources, groups = dataset
        found = assign_splits(sources, groups, seed=seed, test=test, validation=validation)
        assert [source.path for source in found] == [source.path for source in sources]
        sides = defaultdict(set)
        for source in found:
            assert source.group == groups.get(source.path, source.path)
            sides[source.group].add(source.split)
        assert all(len(splits) == 1 for splits in sides.values())
        counts = counts_of(found)
        assert all(counts[source.label, "train"] for source in sources)

    @given(grouped(), SEEDS, st.randoms(use_true_random=False))
    def test_order_is_nothing(
        self, dataset: tuple[list[Source], dict[str, str]], seed: int, random: st.DataObject
    ) -> None:
        sources, groups = dataset
        shuffled = list(sources)
        random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
        assert split_of(sources, groups, seed=seed, validation=0.1) == split_of(
            shuffled, dict(reversed(groups.items())), seed=seed, validation=0.1
        )

    def test_another_seed_is_another_split(self) -> None:
        sources = sources_of({"a": 50})
        assert split_of(sources, seed=1) == split_of(sources, seed=1) != split_of(sources, seed=2)

    def test_the_split_stays_what_it_is(self) -> None:
        """Hold the ranks: a change here moves images of every dataset between train and test."""
        splits = split_of(sources_of({"a": 10, "b": 10}), seed=42, validation=0.1)
        assert sorted(path for path, split in splits.items() if split == "test") == [
            "a/0001.jpg",
            "a/0006.jpg",
            "b/0001.jpg",
            "b/0009.jpg",
        ]
        assert sorted(path for path, split in splits.items() if split == "validation") == [
            "a/0007.jpg",
            "b/0005.jpg",
        ]

    def test_a_group_may_be_named_by_a_path_that_is_not_listed(self) -> None:
        found = assign_splits(
            sources_of({"a": 2}), {"a/0001.jpg": "a/0000.jpg"}, seed=1, test=0.5, validation=0.0
        )
        assert {(source.group, source.split) for source in found} == {("a/0000.jpg", "train")}

    def test_both_unicode_forms_of_a_name_have_one_rank(self) -> None:
        composed = [Source(f"a/caf\xe9{index}.jpg", "a") for index in range(40)]
        decomposed = [Source(unicodedata.normalize("NFD", source.key), "a") for source in composed]
        assert list(split_of(composed).values()) == list(split_of(decomposed).values())


class TestBounds:
    """What a split may take, and what it must leave."""

    def test_a_class_keeps_one_image_in_train_after_both_splits(self) -> None:
        found = counts_of(
            assign_splits(sources_of({"a": 4}), {}, seed=1, test=0.5, validation=0.49)
        )
        assert found == {("a", "test"): 2, ("a", "validation"): 1, ("a", "train"): 1}

    def test_mixed_groups_count_against_the_quotas_of_their_classes(self) -> None:
        """Class a has 8 images in groups with b, of which its test share comes first."""
        sources = sources_of({"a": 20, "b": 8})
        groups = joined([f"a/{n:04}.jpg", f"b/{n:04}.jpg"] for n in range(8))
        for seed in range(10):
            found = assign_splits(sources, groups, seed=seed, test=0.25, validation=0.0)
            assert counts_of(found)["a", "test"] == 5
            assert counts_of(found)["b", "test"] == 2

    def test_a_group_too_large_for_its_share_stays_in_train(self) -> None:
        sources = sources_of({"a": 10, "b": 10})
        group = [source.path for source in sources if source.key[-5] in "01234567"]
        found = assign_splits(sources, joined([group]), seed=1, test=0.2, validation=0.2)
        assert {source.split for source in found if source.path in group} == {"train"}

    def test_a_mixed_group_that_overshoots_is_taken_where_that_is_nearer(self) -> None:
        """One group of 3 + 3 and ten images alone in each class: 2.6 of 13 are wanted."""
        sources = sources_of({"a": 6, "b": 6})
        groups = joined(
            [[f"{label}/{n:04}.jpg" for label in "ab" for n in (i, i + 1, i + 2)] for i in (0, 3)]
        )
        found = counts_of(assign_splits(sources, groups, seed=1, test=0.4, validation=0.0))
        assert found["a", "test"] == found["b", "test"] == 3
        found = counts_of(assign_splits(sources, groups, seed=1, test=0.2, validation=0.0))
        assert found["a", "test"] == found["b", "test"] == 0

    def test_no_class_goes_short_for_another_that_is_wanted_more(self) -> None:
        """Squares: two classes 2 off weigh more than 1 off and 2 off, less than one 4 off."""
        sources = sources_of({"a": 40, "b": 8})
        paths = [source.path for source in sources]
        groups = joined([[*paths[:4], *paths[40:44]], [*paths[4:8], paths[44]]])
        found = assign_splits(sources, groups, seed=1, test=0.2, validation=0.0)
        in_test = {source.group for source in found if source.split == "test"}
        assert paths[0] not in in_test

    def test_validation_takes_what_is_ranked_last(self) -> None:
        """So that more of test takes nothing from validation, and the other way round."""
        sources = sources_of({"a": 50})
        small = split_of(sources, test=0.1, validation=0.1)
        more_test = split_of(sources, test=0.4, validation=0.1)
        more_validation = split_of(sources, test=0.1, validation=0.4)
        assert paths_in(small, "test") < paths_in(more_test, "test")
        assert paths_in(small, "validation") == paths_in(more_test, "validation")
        assert paths_in(small, "validation") < paths_in(more_validation, "validation")
        assert paths_in(small, "test") == paths_in(more_validation, "test")

    def test_the_share_of_validation_is_that_of_all_images(self) -> None:
        """Of each size of group, too: half of what is left after test has a half."""
        sources = sources_of({"a": 80})
        paths = [source.path for source in sources]
        groups = joined(paths[n : n + 2] for n in range(0, 80, 2))
        found = assign_splits(sources, groups, seed=1, test=0.5, validation=0.25)
        assert counts_of(found) == {
            ("a", "test"): 40,
            ("a", "validation"): 20,
            ("a", "train"): 20,
        }

    def test_what_test_has_taken_is_no_longer_there_for_validation(self) -> None:
        """40 pairs and 80 alone: of each size a half for test, and of all a quarter after it."""
        sources = sources_of({"a": 160})
        paths = [source.path for source in sources]
        groups = joined(paths[n : n + 2] for n in range(0, 80, 2))
        found = assign_splits(sources, groups, seed=1, test=0.5, validation=0.25)
        counts = Counter((source.split, source.path in groups) for source in found)
        assert (counts["test", True], counts["test", False]) == (40, 40)
        assert (counts["validation", True], counts["validation", False]) == (20, 20)

    @pytest.mark.parametrize(("count", "taken"), [(10, 1), (13, 1), (15, 1), (16, 2), (19, 2)])
    def test_mixed_groups_come_as_near_as_they_can(self, count: int, taken: int) -> None:
        """Of pairs of two classes a tenth is wanted: 1.3 are 1, and so are 1.5."""
        sources = sources_of({"a": count, "b": count})
        groups = joined([f"a/{n:04}.jpg", f"b/{n:04}.jpg"] for n in range(count))
        found = counts_of(assign_splits(sources, groups, seed=1, test=0.1, validation=0.0))
        assert found["a", "test"] == found["b", "test"] == taken

    def test_another_seed_takes_other_mixed_groups(self) -> None:
        sources = sources_of({"a": 20, "b": 20})
        groups = joined([f"a/{n:04}.jpg", f"b/{n:04}.jpg"] for n in range(20))
        taken = {
            frozenset(paths_in(split_of(sources, groups, seed=seed), "test")) for seed in range(5)
        }
        assert len(taken) == 5

    def test_mixed_groups_of_validation_have_their_share_of_all(self) -> None:
        sources = sources_of({"a": 40, "b": 40})
        groups = joined([f"a/{n:04}.jpg", f"b/{n:04}.jpg"] for n in range(40))
        found = assign_splits(sources, groups, seed=1, test=0.5, validation=0.25)
        counts = counts_of(found)
        assert counts["a", "test"] == counts["b", "test"] == 20
        assert counts["a", "validation"] == counts["b", "validation"] == 10


class TestStability:
    @given(st.integers(1, 60), FRACTIONS, SEEDS)
    def test_one_more_moves_at_most_one_other(self, size: int, test: float, seed: int) -> None:
        sources = sources_of({"a": size + 1, "b": 5})
        before, after = (
            split_of(sources[1:], seed=seed, test=test),
            split_of(sources, seed=seed, test=test),
        )
        moved = [path for path in before if before[path] != after[path]]
        assert len(moved) <= 1
        assert all(path.startswith("a/") for path in moved)

    @given(st.integers(1, 60), FRACTIONS, FRACTIONS, SEEDS)
    def test_at_most_one_across_each_border(
        self, size: int, test: float, validation: float, seed: int
    ) -> None:
        sources = sources_of({"a": size + 1})
        before = split_of(sources[1:], seed=seed, test=test, validation=validation)
        after = split_of(sources, seed=seed, test=test, validation=validation)
        borders = Counter(
            frozenset({before[path], after[path]}) for path in before if before[path] != after[path]
        )
        assert sum(borders.values()) <= 2
        assert borders[frozenset({"test", "train"})] <= 1
        assert borders[frozenset({"validation", "train"})] <= 1

    @given(st.integers(20, 60), st.integers(0, 12), SEEDS)
    def test_beside_pairs_only_a_single_one_moves(self, size: int, pairs: int, seed: int) -> None:
        sources = sources_of({"a": size + 1 + 2 * pairs})
        paths = [source.path for source in sources]
        groups = joined(paths[-2 * n - 2 : len(paths) - 2 * n] for n in range(pairs))
        before, after = (
            split_of(sources[1:], groups, seed=seed),
            split_of(sources, groups, seed=seed),
        )
        moved = [path for path in before if before[path] != after[path]]
        assert len(moved) <= 1
        assert not set(moved) & groups.keys()


def test_memory_is_that_of_the_sources() -> None:
    sources = sources_of({f"a class of images {number}": 1000 for number in range(20)})
    tracemalloc.start()
    try:
        found = assign_splits(sources, {}, seed=1, test=0.2, validation=0.1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / len(found) < 160


def test_twins_of_the_real_photos(shared_data: object) -> None:
    from pathlib import Path

    assert isinstance(shared_data, Path)
    dataset = open_source("cats-dogs/test", shared_data)
    twins = [("cats", 203, 446), ("cats", 464, 468), ("dogs", 219, 443)]
    groups = joined(
        [f"{a}/{a[:3]}_{first}.jpg", f"{a}/{a[:3]}_{second}.jpg"] for a, first, second in twins
    )
    assert groups.keys() <= {source.path for source in dataset.sources}
    for seed in range(20):
        found = assign_splits(dataset.sources, groups, seed=seed, test=0.2, validation=0.0)
        assert sorted(counts_of(found).values()) == [14, 14, 56, 56]
        assert len({(source.group, source.split) for source in found}) == 137
