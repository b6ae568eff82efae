"""A drafted recipe is TOML that loads without a warning and fits what was seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from augbuild.recipe.load import parse_recipe
from augbuild.recipe.model import Recipe
from augbuild.recipe.steps import walk_steps
from augbuild.sources.dataset import DEFAULT_OPTIONS, SourceOptions
from augbuild.starting.draft import draft_recipe
from augbuild.starting.places import Places
from augbuild.starting.survey import UNSPLIT, Survey

PLACES = Places("photos", "../photos", "build/photos")


def text_of(counts: dict[str, int], split: str = UNSPLIT, size: tuple[int, int] = (40, 30)) -> str:
    """Draft a recipe for images of one split."""
    return draft_recipe(Survey({split: counts}, (size,)), PLACES)


def load(text: str) -> Recipe:
    """Read a draft, which must not have a warning."""
    recipe = parse_recipe(text, Path(), "recipe.toml")
    assert recipe.warnings == ()
    return recipe


def ops(recipe: Recipe) -> list[str]:
    """Name the transforms of a recipe."""
    return [str(step.to_json()["op"]) for step in walk_steps(recipe.transforms)]


def test_a_draft_for_ordinary_photos() -> None:
    recipe = load(text_of({"cats": 300, "dogs": 300}))
    assert (recipe.name, recipe.source.path) == ("photos", "../photos")
    assert recipe.output.path == "build/photos"
    assert (recipe.split.test, recipe.split.folds) == (0.2, None)
    assert (recipe.augment.variants, recipe.augment.balance) == (3, None)
    assert recipe.output.max_side is None
    assert ops(recipe) == ["rotate", "hflip", "color_jitter"]
    assert recipe.deny == {}


@pytest.mark.parametrize("what", ["sizes", "classes"])
def test_a_draft_shows_counts(what: str) -> None:
    first = text_of({"cats": 1300, "dogs": 1000}).splitlines()[0]
    assert {"sizes": "2,300 images", "classes": "2 classes"}[what] in first


@pytest.mark.parametrize(
    ("images", "folds", "is_suggested"),
    [(2, 2, False), (49, 5, False), (50, None, True), (249, None, True), (250, None, False)],
)
def test_few_images_are_tested_in_folds(images: int, folds: int | None, is_suggested: bool) -> None:
    text = text_of({"cats": images, "dogs": images})
    recipe = load(text)
    assert recipe.split.folds == folds
    assert recipe.split.test == (0.2 if folds is None else 0.0)
    assert ("# folds = 5" in text) == is_suggested


@pytest.mark.parametrize("counts", [{"cats": 1, "dogs": 2}, {"cats": 200, "dogs": 1}])
def test_a_class_of_one_image_cannot_be_tested_in_folds(counts: dict[str, int]) -> None:
    text = text_of(counts)
    assert load(text).split.folds is None
    assert "folds" not in text


def test_splits_of_the_source_are_kept() -> None:
    counts = {"train": {"cats": 3, "dogs": 3}, "test": {"cats": 1, "dogs": 1}}
    assert "[split]" not in draft_recipe(Survey(counts), PLACES)


def test_a_source_without_a_test_split_can_be_split_anew() -> None:
    text = text_of({"cats": 30, "dogs": 30}, "train")
    start = text.index("# [split]")
    end = text.index("[output]")
    anew = text[:start] + text[start:end].replace("# ", "") + text[end:]
    assert not load(text).split.ignore_existing
    assert load(anew).split.ignore_existing


@pytest.mark.parametrize(("largest", "is_balanced"), [(300, False), (301, True)])
def test_unequal_classes_are_balanced(largest: int, is_balanced: bool) -> None:
    recipe = load(text_of({"many": largest, "few": 100}))
    balance = recipe.augment.balance
    assert (balance is not None) == is_balanced
    assert balance is None or (balance.target, balance.cap_per_source) == ("x2", 8)


def test_only_train_images_are_balanced() -> None:
    counts = {"train": {"many": 100, "few": 90}, "test": {"many": 100, "few": 1}}
    assert load(draft_recipe(Survey(counts), PLACES)).augment.balance is None


def test_classes_that_balance_cannot_fill_are_named() -> None:
    assert "Too small" not in text_of({"many": 450, "few": 100})
    text = text_of({"many": 451, "few": 100, "some": 101})
    # 100 images and 8 variants of each are 900, and 902 are wanted.
    assert "Too small to get there: few; it would take 9 variants of an image" in text


@pytest.mark.parametrize(
    ("size", "max_side"), [((1024, 1024), None), ((1025, 8), 512), ((8, 1025), 512)]
)
def test_large_photos_are_shrunk(size: tuple[int, int], max_side: int | None) -> None:
    assert load(text_of({"a1": 9, "b1": 9}, size=size)).output.max_side == max_side


def test_settings_in_comments_are_ones_that_a_recipe_may_have() -> None:
    text = text_of({"cats": 60, "dogs": 60})
    changed = text.replace("# max_side", "max_side").replace("test = 0.2", "# ")
    recipe = load(changed.replace("# folds", "folds"))
    assert (recipe.output.max_side, recipe.split.folds) == (512, 5)
    mirrored = text_of({"1": 60, "2": 60})
    start = mirrored.index("# [[transforms]]")
    end = mirrored.index("[[transforms]]\n", start + 20)
    flip = mirrored[start:end].replace("# ", "")
    assert ops(load(mirrored[:start] + flip + mirrored[end:])) == [
        "rotate",
        "hflip",
        "color_jitter",
    ]


def test_digits_are_not_mirrored() -> None:
    text = text_of({str(digit): 100 for digit in range(10)})
    assert ops(load(text)) == ["rotate", "color_jitter"]
    assert "# No hflip: 0, 1, 2 and 7 more may be digits" in text


@pytest.mark.parametrize(
    ("signs", "others", "is_mirrored"),
    [(1, 1, True), (2, 1, False), (20, 20, True), (21, 40, False)],
)
def test_a_few_signs_among_others_are_spared(signs: int, others: int, is_mirrored: bool) -> None:
    counts = {f"{number}": 100 for number in range(signs)}
    counts |= {f"animal {number} of zoo": 100 for number in range(others)}
    recipe = load(text_of(counts))
    assert ("hflip" in ops(recipe)) == is_mirrored
    assert len(recipe.deny) == (signs if is_mirrored else 0)


def test_what_had_to_be_said_stands_in_the_recipe() -> None:
    survey = Survey({UNSPLIT: {"cats": 3, "dogs": 3}})
    follow_links = not DEFAULT_OPTIONS.follow_links
    options = SourceOptions(layout="leaf", follow_links=follow_links)
    source = load(draft_recipe(survey, PLACES, options)).source
    assert (source.layout, source.follow_links) == ("leaf", follow_links)
    default = draft_recipe(survey, PLACES, DEFAULT_OPTIONS)
    assert "layout" not in default
    assert "follow_links" not in default


# A folder's name is any text but slashes and NUL; names that are not UTF-8 are rejected.
labels = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(
    st.dictionaries(labels, st.integers(1, 2000), min_size=1, max_size=12),
    labels,
)
@example({'"': 5, "animals": 300, "plants": 9}, 'a"b\\c')
@example({"\\": 5, "animals": 300, "\n[output]\npath = 1": 3}, "\u202e\x7f\r\n'")
@example({"\x85": 5, "\U0001f600": 300, "'''": 3, "animals\r": 9, "x\u2028y": 1}, "é")
def test_any_name_survives(counts: dict[str, int], path: str) -> None:
    path = path.replace("\0", "")[:100] or "x"
    survey = Survey({UNSPLIT: counts})
    recipe = load(draft_recipe(survey, Places("photos", path, path)))
    assert (recipe.source.path, recipe.output.path) == (path, path)
    assert recipe.deny.keys() <= counts.keys()
    assert recipe.deny.keys() or "hflip" not in ops(recipe) or all(len(name) > 1 for name in counts)
