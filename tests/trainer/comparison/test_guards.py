"""Before any training: arms that are not tested on the same images, or not on the same classes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import photo
from tests.trainer.comparison.guarded import folder_arm, found_in
from tests.trainer.comparison.small import fit_config
from trainer.comparison.arms import ArmImages, ComparisonImages, load_arms
from trainer.comparison.design import Arm, make_design
from trainer.comparison.guards import GuardedArm, GuardFinding, run_guards
from trainer.data.samples import Sample, Split, Table


def table_of(root: Path, classes: Sequence[str], rows: Sequence[tuple[str, str, Split]]) -> Table:
    samples = tuple(
        Sample(root / name, name, label, split, row)
        for row, (name, label, split) in enumerate(rows, start=1)
    )
    return Table(root / "table.csv", samples, tuple(classes), "")


class TestTestSets:
    def test_the_same_pictures_under_other_names_and_in_another_order(self, plain: Path) -> None:
        first = folder_arm(plain)
        shutil.copytree(plain / "test", plain.parent / "elsewhere" / "test")
        moved = [
            replace(each, path=plain.parent / "elsewhere" / each.name, name="x" + each.name)
            for each in first.test
        ]
        assert found_in([first, replace(first, name="moved", test=tuple(reversed(moved)))]) == []
        shutil.rmtree(plain.parent / "elsewhere")

    def test_what_is_missing_and_what_is_new(self, plain: Path) -> None:
        first = folder_arm(plain)
        photo(plain / "test/cats/new.png", 55)
        new = Sample(plain / "test/cats/new.png", "test/cats/new.png", "cats", "test", 9)
        others = [replace(first, name=name, test=(*first.test[2:], new)) for name in ("b", "c")]
        assert found_in([first, *others]) == [
            GuardFinding(
                "test-set",
                "b, c",
                "against the test set of original, this lacks test/cats/0.png (cats) and 1 more"
                " and has besides test/cats/new.png (cats)",
            )
        ]

    def test_another_label(self, plain: Path) -> None:
        first = folder_arm(plain)
        other = replace(
            first, name="b", test=(replace(first.test[0], label="dogs"), *first.test[1:])
        )
        assert [each.message for each in found_in([first, other])] == [
            "against the test set of original, this lacks test/cats/0.png (cats) and has besides "
            "test/cats/0.png (dogs)"
        ]

    def test_twice_is_not_once(self, plain: Path) -> None:
        first = folder_arm(plain)
        other = replace(first, name="b", test=(*first.test, first.test[0]))
        assert [each.guard for each in found_in([first, other])] == ["test-set"]

    @given(st.permutations([0, 0, 1, 2, 3]), st.lists(st.integers(0, 3), max_size=6))
    def test_the_same_multiset(self, first: list[int], second: list[int]) -> None:
        """Two test sets agree when they are the same but for their order."""
        table = table_of(Path("nowhere"), ["a", "b"], [])

        def of(name: str, numbers: Sequence[int]) -> GuardedArm:
            tests = (
                Sample(Path(f"{number}.png"), f"{number}", "a", "test", 1, sha256=f"{number}")
                for number in numbers
            )
            return GuardedArm(name, table, (), tuple(tests))

        assert bool(found_in([of("a", first), of("b", second)])) == (
            sorted(first) != sorted(second)
        )


class TestClasses:
    @pytest.mark.parametrize(
        ("classes", "difference"),
        [
            (("dogs", "cats"), "class 0 is 'cats' in {0}, but 'dogs' in {1}"),
            (("cats",), "class 1 is 'dogs' in {0}, but missing in {1}"),
            (("cats", "dogs", "pigs"), "class 2 is missing in {0}, but 'pigs' in {1}"),
        ],
    )
    def test_other_classes_or_another_order(
        self, plain: Path, classes: tuple[str, ...], difference: str
    ) -> None:
        first = folder_arm(plain)
        other = replace(
            first, name="b", table=replace(first.table, file=Path("other.csv"), classes=classes)
        )
        assert found_in([first, first, other]) == [
            GuardFinding("classes", "b", difference.format(plain, "other.csv"))
        ]


class TestMerge:
    def test_what_several_arms_share_is_reported_once_in_their_order(self, plain: Path) -> None:
        shutil.copy(plain / "train/dogs/1.png", plain / "test/cats/0.png")
        arms = [folder_arm(plain, name) for name in ("b", "a", "c")]
        without = tuple(sample for sample in arms[1].train if sample.name != "train/dogs/1.png")
        arms[1] = replace(arms[1], train=without)
        assert [(finding.guard, finding.arm) for finding in found_in(arms)] == [("leak", "b, c")]

    def test_guards_are_kept_apart(self, plain: Path) -> None:
        shutil.copy(plain / "train/dogs/1.png", plain / "test/cats/0.png")
        first = folder_arm(plain)
        table = replace(first.table, classes=("cats",))
        other = replace(first, name="b", table=table, test=first.test[1:])
        findings = [(finding.guard, finding.arm) for finding in found_in([first, other])]
        assert findings == [("leak", "original"), ("test-set", "b"), ("classes", "b")]


def images_of(root: Path, *names: str) -> ComparisonImages:
    """Load a comparison of arms that all have the images of one folder."""
    named = [f"{name}={root}" for name in names]
    return load_arms(make_design(fit_config(root), named=named, budget="steps:1"))


class TestReports:
    def test_nothing_found_is_no_report(self, plain: Path) -> None:
        assert run_guards(images_of(plain, "a", "b"), (), n_jobs=1) == ()

    def test_what_holds_for_all_arms_names_none(self, plain: Path) -> None:
        shutil.copy(plain / "train/dogs/1.png", plain / "test/cats/0.png")
        (report,) = run_guards(images_of(plain, "a", "b"), (), n_jobs=1)
        assert (report.name, report.count, report.overridden) == ("leak", 1, False)
        assert report.findings == (
            "test image test/cats/0.png has the same bytes as the training image train/dogs/1.png",
        )

    def test_what_holds_for_some_arms_names_them(self, plain: Path) -> None:
        shutil.copy(plain / "train/dogs/1.png", plain / "test/cats/0.png")
        images = images_of(plain, "a", "b")
        kept = tuple(each for each in images.arms[0].train if each.name != "train/dogs/1.png")
        fewer = replace(images.arms[0], train=kept)
        (report,) = run_guards(replace(images, arms=(fewer, images.arms[1])), (), n_jobs=1)
        assert report.findings[0].endswith("the training image train/dogs/1.png (arm b)")

    def test_overrides_are_by_guard(self, plain: Path) -> None:
        shutil.copy(plain / "train/dogs/1.png", plain / "test/cats/0.png")
        images = images_of(plain, "a", "b")
        assert run_guards(images, ["leak"], n_jobs=1)[0].overridden
        assert not run_guards(images, ["classes", "test-set"], n_jobs=1)[0].overridden

    def test_each_arm_is_asked_its_own_test_set(
        self, plain: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """All arms are tested on the first one's images; the others' own may differ."""
        other = tmp_path_factory.mktemp("other")
        for split in ("train", "test"):
            shutil.copytree(plain / split, other / split)
        photo(other / "test" / "cats" / "new.png", 55)
        named = [f"a={plain}", f"b={other}"]
        images = load_arms(make_design(fit_config(plain), named=named, budget="steps:1"))
        reports = run_guards(images, (), n_jobs=1)
        assert [report.name for report in reports] == ["test-set"]
        assert "has besides test/cats/new.png (cats) (arm b)" in reports[0].findings[0]

    def test_folds_are_checked_one_by_one(self, plain: Path) -> None:
        """An image may be trained on in one fold and tested in another, but not in the same."""
        images = images_of(plain, "a", "b")
        first = images.arms[0]
        test, train = first.test[:1], first.train
        folds = []
        for fold, samples in ((0, train), (1, (*train[1:], *test))):
            for name in ("a", "b"):
                arm = Arm(name, first.arm.manifest)
                folds.append(ArmImages(arm, fold, first.table, samples, test))
        (report,) = run_guards(replace(images, arms=tuple(folds), folds=(0, 1)), (), n_jobs=1)
        assert report.count == 1
        assert report.findings == (f"test image {test[0].name} is itself a training image",)
        clean = replace(images, arms=tuple(folds[:2]), folds=(0,))
        assert run_guards(clean, (), n_jobs=1) == ()

    def test_folds_are_not_compared_with_each_other(self, folded: Path) -> None:
        """Each fold has a test set of its own, and trains on those of the others."""
        arms = "original,augmented"
        planned = make_design(fit_config(folded), arms=arms, budget="steps:1", folds=True)
        assert run_guards(load_arms(planned), (), n_jobs=1) == ()

    def test_a_hundred_findings_are_kept_and_all_are_counted(self, plain: Path) -> None:
        for number in range(102):
            shutil.copy(plain / "train/dogs/1.png", plain / f"test/dogs/copy{number}.png")
        (report,) = run_guards(images_of(plain, "a", "b"), (), n_jobs=1)
        assert report.count == 102
        assert len(report.findings) == 100
