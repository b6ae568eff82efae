"""Findings about a tree: each where it is true, none where it is not, and advice that helps."""

from __future__ import annotations

import msgspec
import pytest

from augbuild.dataset.about.findings import (
    find_in_tree,
    find_lacking_classes,
    find_rejected_of_balance,
)
from tests.augbuild.dataset.fixtures import info_of, recipe_of


def test_warnings_count_in_the_singular_and_the_plural() -> None:
    info = info_of()
    assert find_in_tree(info) == []
    one = [
        each.text()
        for each in find_in_tree(msgspec.structs.replace(info, more_frames=1, flat=1, equal=1))
    ]
    assert [warning.split(";")[0] for warning in one] == [
        "1 source has more than one frame or page",
        "1 variant came out all one colour",
        "1 variant is the same as another of their source, or as the source itself",
    ]
    many = [
        each.text()
        for each in find_in_tree(msgspec.structs.replace(info, more_frames=1200, flat=2, equal=3))
    ]
    assert [warning.split(";")[0] for warning in many] == [
        "1,200 sources have more than one frame or page",
        "2 variants came out all one colour",
        "3 variants are the same as another of their source, or as the source itself",
    ]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("test", "class without test images"),
        ("validation", "class without validation images"),
        ("augmented_train", "class without variants"),
    ],
)
def test_a_folder_that_lacks_classes_is_found(folder: str, kind: str) -> None:
    classes = ("a", "b", "c")
    whole = dict.fromkeys(classes, 2)
    assert [*find_lacking_classes({"train": whole, folder: whole}, classes)] == []
    lacking = {"a": 0, "b": 3}  # a zero is as good as no key
    (finding,) = find_lacking_classes({"train": whole, folder: lacking}, classes)
    assert (finding.kind, finding.count, finding.examples) == (kind, 2, ("a", "c"))
    begin = f"2 classes have no images in {folder}/, where torchvision's ImageFolder would number "
    assert finding.text().startswith(f"{begin}the other classes anew (a, c); load it as its README")


def test_a_folder_that_has_no_images_at_all_lacks_none() -> None:
    counts = {"train": {"a": 1, "b": 1}, "test": {"a": 0, "b": 0}}
    assert [*find_lacking_classes(counts, ("a", "b"))] == []


def test_a_class_that_lost_its_train_images_is_not_found_twice() -> None:
    info = info_of(counts={"train": {"cats": 1}, "augmented_train": {"cats": 1}})
    assert [each.kind for each in find_in_tree(info)] == ["class without train images"]


def test_one_class_is_one_class() -> None:
    (finding,) = find_lacking_classes({"test": {"b": 1}}, ("a", "b"))
    assert finding.text().startswith("1 class has no images in test/")
    info = info_of(counts={"train": {"cats": 1, "dogs": 1}, "test": {"cats": 1, "dogs": 0}})
    assert [each.kind for each in find_in_tree(info)] == ["class without test images"]


def test_classes_that_lost_images_to_rejection_are_found() -> None:
    assert [*find_rejected_of_balance({"a": 4, "b": 4}, {"a": 4, "b": 4})] == []
    (finding,) = find_rejected_of_balance({"a": 4, "b": 4, "c": 4}, {"a": 4, "b": 3})
    assert finding.text() == (
        "2 classes have fewer train images than the balance gives, because some were rejected "
        "(b 3 of 4, c 0 of 4); leave out those that rejected.jsonl names ([source] exclude), "
        "and build again"
    )


def test_advice_about_equal_variants_is_what_was_not_yet_done() -> None:
    plain = info_of(equal=2)
    assert find_in_tree(plain)[0].advice == "[augment] distinct = true draws such variants again"
    augment = {"variants": 3, "balance": None, "distinct": True}
    wanted = info_of(equal=2, recipe=recipe_of(augment=augment))
    assert find_in_tree(wanted)[0].advice.startswith("the recipe has too few outcomes")
