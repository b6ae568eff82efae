"""The plan: sources in order, named and numbered, and the errors that stop it before any pixel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.errors import RecipeError, SourceError
from augbuild.planning.naming import output_stem
from augbuild.planning.plan import check_classes, in_plan_order, make_plan, make_task, spread
from augbuild.planning.sampling import draw_ops
from augbuild.recipe.load import parse_recipe
from augbuild.recipe.model import Recipe
from augbuild.sources.dataset import SPLITS, Rejected, Source, SourceDataset, Split
from augbuild.sources.findings import Finding
from augbuild.sources.originals import FolderOriginals
from tests.augbuild.recipe.strategies import smallest, to_toml
from tests.conftest import photo

from .datasets import sources_of

ROTATE = {"op": "rotate", "degrees": {"uniform": [-30, 30]}}


def recipe_of(**more: Any) -> Recipe:
    more.setdefault("split", {"group": "none"})
    return parse_recipe(to_toml(smallest(ROTATE, **more)), Path(), "x.toml")


def dataset_of(classes: Mapping[str, int]) -> SourceDataset:
    return SourceDataset(
        Path("photos"),
        FolderOriginals(Path("photos")),
        "photos",
        tuple(classes),
        tuple(sources_of(classes)),
    )


def split_source(split: Split, label: str, number: int) -> Source:
    return Source(f"{label}/{number}.jpg", label, folder=split, split=split)


def split_dataset(*sources: Source) -> SourceDataset:
    classes = tuple(sorted({source.label for source in sources}))
    return SourceDataset(
        Path("photos"), FolderOriginals(Path("photos")), "photos", classes, sources
    )


class TestOrder:
    @given(st.randoms(use_true_random=False))
    def test_by_split_then_class_then_path(self, random: Any) -> None:
        ordered = [
            split_source(split, label, number)
            for split in ("train", "validation", "test")
            for label in ("a", "b")
            for number in range(3)
        ]
        shuffled = list(ordered)
        random.shuffle(shuffled)
        assert in_plan_order(shuffled) == ordered

    def test_the_class_need_not_be_the_folder(self) -> None:
        """In a table, say: of one split all of a class stand together."""
        sources = [
            Source(f"{number}.jpg", label, split="train") for number, label in enumerate("bab")
        ]
        assert in_plan_order(sources) == [sources[1], sources[0], sources[2]]

    def test_without_a_split_as_train(self) -> None:
        test, unsplit = split_source("test", "a", 1), Source("a/2.jpg", "a")
        assert in_plan_order([test, unsplit]) == [unsplit, test]


class TestSplit:
    def test_a_dataset_without_splits_is_split_as_the_recipe_says(self) -> None:
        recipe = recipe_of(split={"group": "none", "test": 0.3, "validation": 0.1}, seed=3)
        plan = make_plan(recipe, dataset_of({"a": 10, "b": 20}))
        counts = Counter((source.label, source.split) for source in plan.sources)
        assert counts == {
            ("a", "train"): 6,
            ("a", "validation"): 1,
            ("a", "test"): 3,
            ("b", "train"): 12,
            ("b", "validation"): 2,
            ("b", "test"): 6,
        }
        assert plan.sources == tuple(in_plan_order(plan.sources))
        assert plan.dataset.sources == plan.sources
        other = make_plan(replace(recipe, seed=4), dataset_of({"a": 10, "b": 20}))
        assert other.sources != plan.sources

    def test_one_with_splits_keeps_them(self) -> None:
        sources = [split_source("test", "a", 1), split_source("train", "a", 2)]
        plan = make_plan(recipe_of(), split_dataset(*sources))
        assert plan.sources == (sources[1], sources[0])

    def test_folds(self) -> None:
        recipe = recipe_of(split={"group": "none", "folds": 4})
        plan = make_plan(recipe, dataset_of({"a": 8}))
        assert Counter(source.fold for source in plan.sources) == dict.fromkeys(range(4), 2)
        assert {source.split for source in plan.sources} == {"train"}

    def test_groups_by_pattern(self) -> None:
        sources = tuple(Source(f"a/p{n // 4}_{n}.jpg", "a") for n in range(40))
        dataset = SourceDataset(
            Path("photos"), FolderOriginals(Path("photos")), "photos", ("a",), sources
        )
        plan = make_plan(recipe_of(split={"group": r"p\d", "test": 0.4}), dataset)
        sides = {(source.key[:4], source.split) for source in plan.sources}
        assert len(sides) == 10
        assert sum(source.split == "test" for source in plan.sources) == 16

    def test_near_duplicates(self, tmp_path: Path) -> None:
        for number in range(12):
            photo(tmp_path / "a" / f"{number:02}.png", number // 2)
        sources = tuple(Source(f"a/{number:02}.png", "a") for number in range(12))
        dataset = SourceDataset(tmp_path, FolderOriginals(tmp_path), "photos", ("a",), sources)
        plan = make_plan(recipe_of(split={"group": "near-duplicates", "test": 0.5}), dataset)
        assert Counter(source.group for source in plan.sources) == {
            f"a/{number:02}.png": 2 for number in range(0, 12, 2)
        }
        assert sum(source.split == "test" for source in plan.sources) == 6


class TestBalance:
    def test_the_plan_leaves_out_and_shares_out_and_says_so(self) -> None:
        balance = {"target": 6, "cap_per_source": 1}
        recipe = recipe_of(split={"group": "none", "test": 0}, augment={"balance": balance})
        plan = make_plan(recipe, dataset_of({"a": 2, "b": 9, "c": 5}))
        assert Counter(source.label for source in plan.sources) == {"a": 2, "b": 6, "c": 5}
        assert plan.dataset.sources == plan.sources
        variants = Counter[str]()
        for source in plan.sources:
            variants[source.label] += plan.variants(source)
        assert variants == {"a": 2, "b": 0, "c": 1}
        assert [each.kind for each in plan.findings] == [
            "undersampled classes",
            "balance not reached",
        ]


class TestRejected:
    def test_those_of_the_dataset_and_collisions_sorted(self) -> None:
        first = Rejected("z/broken.jpg", "bad_name", "is odd")
        sources = (Source("a/caf\xe9.jpg", "a"), Source("a/cafe\u0301.jpg", "a"))
        dataset = replace(
            SourceDataset(
                Path("photos"), FolderOriginals(Path("photos")), "photos", ("a",), sources
            ),
            rejected=(first,),
        )
        plan = make_plan(recipe_of(split={"group": "none", "test": 0}), dataset)
        assert [each.source for each in plan.rejected] == ["a/caf\xe9.jpg", "z/broken.jpg"]
        assert [source.key for source in plan.sources] == ["a/cafe\u0301.jpg"]

    def test_a_licence_in_the_recipe_answers_the_file_beside_the_images(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "LICENSE").touch()
        dataset = replace(dataset_of({"a": 5}), root=tmp_path)
        kinds = [each.kind for each in make_plan(recipe_of(), dataset).findings]
        assert kinds == ["licence file"]
        for recipe, source in [
            (recipe_of(dataset={"license": "CC0"}), dataset),
            (recipe_of(), replace(dataset, attribution="of a sample")),
        ]:
            assert make_plan(recipe, source).findings == ()

    def test_warnings_of_the_recipe_and_findings_of_the_dataset(self) -> None:
        recipe = replace(recipe_of(), warnings=("of the recipe",))
        found = Finding(kind="other", message="of the dataset")
        dataset = replace(dataset_of({"a": 5}), findings=(found,))
        plan = make_plan(recipe, dataset)
        assert (plan.warnings, plan.findings) == (("of the recipe",), (found,))


class TestClasses:
    def test_a_denied_class_must_be_there(self) -> None:
        recipe = recipe_of(classes={"cats": {"deny": []}})
        check_classes(recipe, dataset_of({"cats": 1, "dogs": 1}))
        with pytest.raises(RecipeError, match=r"^x.toml:\d: classes.cats is .* mean 'cat'\?$"):
            check_classes(recipe, dataset_of({"cat": 1, "dogs": 1}))
        with pytest.raises(RecipeError, match=r"classes.cats is not .*; it has 'birds', 'dogs'$"):
            check_classes(recipe, dataset_of({"birds": 1, "dogs": 1}))

    def test_all_that_are_not_there_are_named_at_once(self) -> None:
        recipe = recipe_of(classes={"cats": {"deny": []}, "dogs": {"deny": []}, "a": {"deny": []}})
        with pytest.raises(RecipeError) as caught:
            check_classes(recipe, dataset_of({"a": 1, "b": 1}))
        first, second = str(caught.value).split("\n")
        assert "classes.cats is not" in first
        assert "classes.dogs is not" in second

    def test_ten_classes_are_listed(self) -> None:
        recipe = recipe_of(classes={"cats": {"deny": []}})
        with pytest.raises(RecipeError) as caught:
            make_plan(recipe, dataset_of({str(number): 1 for number in range(100, 120)}))
        assert str(caught.value).count("'1") == 10

    def test_each_class_must_have_a_train_image(self) -> None:
        whole = [split_source("train", "a", 1), split_source("train", "b", 1)]
        check_classes(recipe_of(), split_dataset(*whole))
        odd = [split_source("train", "a", 1), split_source("test", "b", 1)]
        with pytest.raises(SourceError, match=r"^class 'b' has no image in train/; add some"):
            make_plan(recipe_of(), split_dataset(*odd))

    def test_without_splits_none_is_asked_for_yet(self) -> None:
        check_classes(recipe_of(), dataset_of({"a": 1}))


class TestTasks:
    def test_the_original_comes_first_and_then_its_variants(self) -> None:
        recipe = recipe_of(output={"path": "out", "format": "webp"})
        source = Source("a/x/Photo.JPG", "a", split="train")
        task = make_task(recipe, source, 3)
        stem = output_stem(source.key)
        assert task.source is source
        assert [output.file_name for output in task.outputs] == [
            f"train/a/{stem}.jpg",
            f"augmented_train/a/{stem}_aug0.webp",
            f"augmented_train/a/{stem}_aug1.webp",
            f"augmented_train/a/{stem}_aug2.webp",
        ]
        assert [output.variant for output in task.outputs] == [None, 0, 1, 2]
        assert task.outputs[0].ops == ()
        for output in task.outputs[1:]:
            assert output.variant is not None
            assert output.ops == draw_ops(recipe, source.key, "a", output.variant)

    @pytest.mark.parametrize(
        ("format", "extension"), [("jpeg", ".jpg"), ("png", ".png"), ("webp", ".webp")]
    )
    def test_variants_have_the_extension_of_their_format(self, format: str, extension: str) -> None:
        recipe = recipe_of(output={"path": "out", "format": format})
        task = make_task(recipe, Source("a/1.tiff", "a", split="train"), 1)
        suffixes = [Path(output.file_name).suffix for output in task.outputs]
        assert suffixes == [".tiff", extension]

    def test_a_source_of_a_split_lies_below_it(self) -> None:
        for split in SPLITS:
            task = make_task(recipe_of(), split_source(split, "a", 1), 0)
            assert task.outputs[0].file_name.startswith(f"{split}/a/1_")
        unsplit = make_task(recipe_of(), Source("a/1.jpg", "a"), 0)
        assert unsplit.outputs[0].file_name.startswith("train/a/1_")

    def test_a_plan_draws_a_task_for_each_source(self) -> None:
        plan = make_plan(recipe_of(augment={"variants": 2}), dataset_of({"a": 5, "b": 5}))
        tasks = list(plan.tasks())
        assert [task.source for task in tasks] == list(plan.sources)
        assert tasks[0] == plan.task(plan.sources[0])
        outputs = Counter(len(task.outputs) for task in tasks)
        assert outputs == {3: 8, 1: 2}  # 8 in train, 2 in test

    def test_class_folders_are_those_that_get_an_output(self) -> None:
        dataset = split_dataset(
            split_source("train", "a", 1),
            split_source("train", "b", 1),
            split_source("train", "b", 2),
            split_source("test", "b", 3),
        )
        plan = make_plan(recipe_of(augment={"balance": {"target": "max"}}), dataset)
        assert plan.class_folders() == {"train/a", "train/b", "test/b", "augmented_train/a"}
        names = {output.file_name for task in plan.tasks() for output in task.outputs}
        assert plan.class_folders() == {name.rpartition("/")[0] for name in names}


class TestSpread:
    SOURCES = tuple(
        split_source(split, label, number)
        for split, sizes in zip(SPLITS, ((6, 2), (0, 0), (3, 1)), strict=True)
        for label, size in zip("ab", sizes, strict=True)
        for number in range(size)
    )

    @pytest.mark.parametrize(
        ("limit", "taken"),
        [
            (0, {}),
            (1, {"train/a": 1}),
            (4, {"train/a": 1, "train/b": 1, "test/a": 1, "test/b": 1}),
            (6, {"train/a": 2, "train/b": 2, "test/a": 1, "test/b": 1}),
            (7, {"train/a": 2, "train/b": 2, "test/a": 2, "test/b": 1}),
            (99, {"train/a": 6, "train/b": 2, "test/a": 3, "test/b": 1}),
        ],
    )
    def test_splits_and_classes_take_turns(self, limit: int, taken: dict[str, int]) -> None:
        found = spread(self.SOURCES, limit)
        assert Counter(f"{source.split}/{source.label}" for source in found) == taken
        assert found == [source for source in self.SOURCES if source in found]  # in plan order

    def test_of_a_class_the_first_are_taken(self) -> None:
        keys = [source.path for source in spread(self.SOURCES, 6)]
        assert keys[:2] == ["train/a/0.jpg", "train/a/1.jpg"]


class TestSize:
    def test_originals_of_one_size_are_named_by_their_new_format(self) -> None:
        output = {"path": "out", "size": 32, "format": "webp"}
        source = Source("a/1.png", "a", split="train")
        task = make_task(recipe_of(output=output), source, 1)
        original, variant = task.outputs
        assert original.framed
        assert not variant.framed
        assert original.file_name == f"train/a/{output_stem('a/1.png')}.webp"
        assert variant.file_name.endswith("_aug0.webp")

    def test_other_originals_keep_their_extension(self) -> None:
        (original,) = make_task(recipe_of(), Source("a/1.png", "a", split="train"), 0).outputs
        assert not original.framed
        assert original.file_name.endswith(".png")
