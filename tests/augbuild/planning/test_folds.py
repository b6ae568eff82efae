"""Folds: of the same size in each class, and groups stay together."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from augbuild.planning.folds import assign_folds
from augbuild.sources.dataset import Source

from .datasets import SEEDS, grouped, joined, sources_of


class TestFolds:
    @given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(2, 7), SEEDS)
    def test_those_of_a_class_differ_by_one_image_at_most(
        self, sizes: list[int], folds: int, seed: int
    ) -> None:
        sources = sources_of({f"class{number}": size for number, size in enumerate(sizes)})
        found = assign_folds(sources, {}, seed=seed, folds=folds)
        assert {source.split for source in found} == {"train"}
        counts = Counter((source.label, source.fold) for source in found)
        for label in {source.label for source in sources}:
            filled = [counts[label, fold] for fold in range(folds)]
            assert max(filled) - min(filled) <= 1

    @given(grouped(), st.integers(2, 5), SEEDS)
    def test_groups_stay_together(
        self, dataset: tuple[list[Source], dict[str, str]], folds: int, seed: int
    ) -> None:
        sources, groups = dataset
        found = assign_folds(sources, groups, seed=seed, folds=folds)
        assert [source.path for source in found] == [source.path for source in sources]
        assert len({(source.group, source.fold) for source in found}) == len(
            {source.group for source in found}
        )

    def test_many_small_classes_fill_all_folds_alike(self) -> None:
        found = assign_folds(
            sources_of({f"class{n:03}": 3 for n in range(100)}), {}, seed=1, folds=5
        )
        sizes = Counter(source.fold for source in found)
        assert sizes.total() == 300
        assert all(abs(sizes[fold] - 60) <= 2 for fold in range(5))

    def test_pairs_and_single_ones(self) -> None:
        sources = sources_of({"a": 20})
        paths = [source.path for source in sources]
        found = assign_folds(
            sources, joined(paths[n : n + 2] for n in range(0, 12, 2)), seed=5, folds=5
        )
        assert set(Counter(source.fold for source in found).values()) == {4}

    def test_the_largest_groups_come_first(self) -> None:
        """Else two of five images could meet in one fold, which the others could not make up."""
        sources = sources_of({"a": 16})
        paths = [source.path for source in sources]
        groups = joined([paths[:5], paths[5:10]])
        for seed in range(20):
            found = assign_folds(sources, groups, seed=seed, folds=2)
            assert set(Counter(source.fold for source in found).values()) == {8}

    def test_the_fold_with_the_fewest_of_its_class_takes_a_group(self) -> None:
        """And not the one with the fewest of all: class b is not spread by what class a fills."""
        sources = sources_of({"a": 6, "b": 2})
        groups = joined([[source.path for source in sources[:3]]])
        for seed in range(20):
            found = assign_folds(sources, groups, seed=seed, folds=2)
            counts = Counter((source.label, source.fold) for source in found)
            assert counts["b", 0] == counts["b", 1] == 1

    def test_these_folds_stay_what_they_are(self) -> None:
        found = assign_folds(sources_of({"a": 6, "b": 4}), {}, seed=42, folds=3)
        assert [source.fold for source in found] == [1, 1, 0, 2, 2, 0, 2, 0, 1, 1]
