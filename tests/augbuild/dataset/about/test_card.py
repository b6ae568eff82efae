"""The card: what people read and Hugging Face loads by, and nothing in a name acts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augbuild.dataset.about.card import render_card
from augbuild.sources.findings import Finding
from tests.augbuild.dataset.fixtures import info_of, recipe_of
from tests.conftest import REPOSITORY

NASTY = [
    "<img src=x onerror=1>",
    "a|b",
    "`rm -rf`",
    "new\nline",
    "$x_2$",
    "$\\frac{$",
    "猫",
    "\u202eabc",
    "[x](javascript:1)",
    "x" * 300,
]


def front_matter(card: str) -> dict[str, Any]:
    """Read the front matter: each line is a key and a JSON value."""
    block = card.split("---\n")[1]
    return {
        key: json.loads(value)
        for key, value in (line.split(": ", 1) for line in block.splitlines())
    }


def test_card_is_as_the_golden_file() -> None:
    golden = REPOSITORY / "tests" / "golden" / "card.md"
    assert render_card(info_of()) == golden.read_text(encoding="utf-8")


def configs(**changes: Any) -> dict[str, dict[str, list[str]]]:
    """Return the patterns of each split, by the name of the config."""
    found = {}
    for config in front_matter(render_card(info_of(**changes)))["configs"]:
        patterns = {split["split"]: split["path"] for split in config["data_files"]}
        found[config["config_name"]] = patterns
    return found


def test_front_matter_pins_the_splits() -> None:
    assert configs() == {
        "default": {"train": ["train/**", "augmented_train/**"], "test": ["test/**"]},
        "original": {"train": ["train/**"], "test": ["test/**"]},
        "augmented": {"train": ["augmented_train/**"], "test": ["test/**"]},
    }


def test_front_matter_names_only_what_is_there() -> None:
    counts = {"train": {"cats": 1}, "augmented_train": {"cats": 0}, "validation": {"cats": 1}}
    splits = {"train": ["train/**"], "validation": ["validation/**"]}
    assert configs(counts=counts) == {"default": splits, "original": splits}


def test_front_matter_spells_the_underscores_that_hugging_face_would_hide() -> None:
    assert configs(counts={"train": {"__a__": 1, "b": 2}})["default"]["train"] == [
        "train/**",
        "train/__*/**",
    ]
    assert configs(counts={"train": {"__a__": 1}})["default"]["train"] == ["train/__*/**"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a: b # c\n- d", "a: b # c\\n- d"),
        ("猫🐱", "猫🐱"),
        ("\x7f\u2028\ud800", "\\x7f\\u2028\\ud800"),
        ('"---', '"---'),
    ],
    ids=["injection", "emoji", "control", "quote"],
)
def test_front_matter_is_yaml(name: str, shown: str) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML, which comes with datasets, is not installed")
    card = render_card(info_of(name=name))
    assert yaml.safe_load(card.split("---\n")[1]) == front_matter(card)
    assert front_matter(card)["pretty_name"] == shown


@pytest.mark.parametrize("name", NASTY)
def test_no_name_acts_in_a_card(name: str) -> None:
    card = render_card(info_of(name=name, classes=[name], counts={"train": {name: 1}}))
    body = card.split("---\n", 2)[2]
    assert "<img" not in body
    assert "[x](" not in body.replace("\\[x\\](", "")
    rows = [line for line in body.splitlines() if line.startswith("| ")]
    assert len(rows) == 2  # the header and one class


@settings(deadline=None)
@given(st.text(st.sampled_from("a|\\`\n<&_") | st.characters(), max_size=20))
def test_any_name_stays_in_its_cell(name: str) -> None:
    body = render_card(info_of(classes=[name], counts={"train": {name: 1}})).split("---\n", 2)[2]
    rows = [line for line in body.splitlines() if line.startswith("| ")]
    assert len(rows) == 2
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", rows[1])) == 3


def test_sample_credits_its_makers() -> None:
    assert "Twemoji, CC BY 4.0" in render_card(info_of(attribution="Twemoji, CC BY 4.0"))
    assert "<img" not in render_card(info_of(attribution="<img src=x onerror=1>"))


@pytest.mark.parametrize(
    ("rows", "category"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (9_999, "1K<n<10K"),
        (10_000, "10K<n<100K"),
        (999_999, "100K<n<1M"),
        (1_000_000, "n>1M"),
    ],
)
def test_size_category_is_that_of_hugging_face(rows: int, category: str) -> None:
    assert front_matter(render_card(info_of(rows=rows)))["size_categories"] == [category]


def test_only_the_default_config_says_so_and_all_keep_their_labels() -> None:
    configs = front_matter(render_card(info_of()))["configs"]
    assert [config.get("default") for config in configs] == [True, None, None]
    assert [config["drop_labels"] for config in configs] == [False] * 3


@pytest.mark.parametrize(("count", "more"), [(100, False), (101, True)])
def test_a_hundred_classes_are_listed_and_the_others_counted(count: int, more: bool) -> None:
    classes = [f"class {number:03}" for number in range(count)]
    card = render_card(info_of(classes=classes, counts={"train": dict.fromkeys(classes, 1)}))
    assert sum(line.startswith("| class ") for line in card.splitlines()) == 101  # and the header
    assert ("and 1 more classes" in card) is more


@pytest.mark.parametrize(
    ("augment", "written"),
    [
        ({"variants": 1, "balance": None}, "gave 1 variant."),
        ({"variants": 1000, "balance": None}, "gave 1000 variants."),
        (
            {"variants": 3, "balance": {"target": "max", "cap_per_source": 8}},
            "gave as many variants as balance the classes, 8 at the most.",
        ),
    ],
    ids=["one", "many", "balanced"],
)
def test_number_of_variants(augment: dict[str, Any], written: str) -> None:
    assert written in render_card(info_of(recipe=recipe_of(augment=augment)))


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ({"op": "vflip", "p": 0.25}, "- **vflip**, with probability 0.25"),
        ({"op": "pad", "p": 1, "color": [0, 0, 9]}, "- **pad**: color \\[0, 0, 9\\]"),
        ({"op": "pad", "p": 1, "seed": None}, "- **pad**"),
        ({"op": "pad", "p": 1, "a": 1, "b": "x"}, '- **pad**: a 1, b "x"'),
        ({"op": "pad", "p": 1, "w": {"integers": [1, 3]}}, "- **pad**: w integers 1 to 3"),
        (
            {"op": "pad", "p": 1, "w": {"log_uniform": [0.5, 3.0]}},
            "- **pad**: w log-uniform 0.5 to 3",
        ),
        (
            {"op": "pad", "p": 1, "w": {"normal": [0.0, 1.5]}},
            "- **pad**: w normal \\[0.0, 1.5\\]",
        ),
        (
            {"some_of": 1, "replace": True, "p": 1, "from": [{"op": "hflip", "p": 1}]},
            "- 1 of these, with replacement:\n  - **hflip**",
        ),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:20],
)
def test_each_step_is_a_line(step: dict[str, Any], line: str) -> None:
    card = render_card(info_of(recipe=recipe_of(transforms=[step])))
    assert f"in this order:\n\n{line}\n\n" in card


def test_what_was_not_done_is_not_described() -> None:
    untouched = {"train": {"cats": 1, "dogs": 1}}
    card = render_card(info_of(recipe=recipe_of(transforms=[]), counts=untouched))
    assert "Nothing was augmented." in card
    assert "of them augmented" not in card
    assert "could not be used" not in card
    card = render_card(info_of(rejected=1234))
    assert "2,368 images in 2 classes, 1,671 of them augmented" in card
    assert "1,234 source images could not be used" in card


def test_a_licence_stands_in_the_front_matter_and_below() -> None:
    card = render_card(info_of(license="CC BY 4.0", creator="A *B*", attribution="Twemoji"))
    assert front_matter(card)["license"] == "cc-by-4.0"
    assert front_matter(card)["creator"] == "A *B*"
    sentence = "The images, by A \\*B\\*: CC BY 4.0; it holds for the variants too. Twemoji."
    assert f"## Licence\n\n{sentence}\n" in card
    assert card.endswith("\n")
    plain = render_card(info_of(license="ask <me>"))
    assert front_matter(plain)["license"] == "other"
    assert front_matter(plain)["license_name"] == "ask <me>"
    assert "The images: ask &lt;me&gt;; it holds for the variants too." in plain


def test_without_a_licence_the_front_matter_names_none() -> None:
    fields = front_matter(render_card(info_of(creator="B")))
    assert not {"license", "license_name", "citation", "description"} & fields.keys()
    card = render_card(info_of(creator="B"))
    assert "augbuild does not know the licence of the source images, by B; it holds" in card
    assert "The images, by B: Twemoji." in render_card(info_of(creator="B", attribution="Twemoji"))


def test_a_description_and_a_citation_are_shown_line_by_line() -> None:
    text = "@misc{x,\n\n  title = {<y>}\n}"
    card = render_card(info_of(description="Photos of <a>\nand *b*.", citation=text))
    assert "# cats-dogs\n\nPhotos of &lt;a&gt;\nand \\*b\\*.\n\n2,368 images" in card
    assert card.endswith("\n## Citation\n\n    @misc{x,\n      title = {<y>}\n    }\n")
    fields = front_matter(card)
    assert (fields["description"], fields["citation"]) == ("Photos of <a>\nand *b*.", text)


def test_credits_are_listed() -> None:
    card = render_card(info_of(), ["emoji: Twemoji", "a *b*"])
    assert "Some variants contain art of others:\n\n- emoji: Twemoji\n- a \\*b\\*\n" in card
    assert "art of others" not in render_card(info_of())


def test_findings_are_listed() -> None:
    finding = Finding(kind="other", message="1 *thing*", examples=("a|b",), advice="mend it")
    card = render_card(info_of(findings=(finding,)))
    assert "\n## Findings\n\n- 1 \\*thing\\* (a\\|b); mend it\n\n## How to load it\n" in card
    assert "## Findings" not in render_card(info_of())


@pytest.mark.parametrize(
    ("folder", "counts"),
    [
        ("train", {"cats": 0, "dogs": 1}),
        ("augmented_train", {"dogs": 2}),
        ("test", {"cats": 2, "dogs": 0}),
    ],
)
def test_where_a_folder_lacks_a_class_all_are_taken_from_dataset_json(
    folder: str, counts: dict[str, int]
) -> None:
    whole = {"train": {"cats": 1, "dogs": 1}, "test": {"cats": 1, "dogs": 1}}
    assert "from `dataset.json`" not in render_card(info_of(counts=whole))
    assert "from `dataset.json`" not in render_card(info_of(counts={**whole, "validation": {}}))
    card = render_card(info_of(counts={**whole, folder: counts}))
    assert "Not every folder has images of every class" in card
    assert "find_classes" in card
    assert 'ImageFolder("path' not in card


@pytest.mark.parametrize(
    ("fit", "way"),
    [("stretch", "stretched"), ("crop", "cropped in the middle"), ("pad", "padded with black")],
)
def test_images_of_one_size_are_said_to_be(fit: str, way: str) -> None:
    output = {"format": "webp", "quality": 90, "max_side": None, "originals": "copy"}
    card = render_card(info_of(recipe=recipe_of(output={**output, "size": [64, 48], "fit": fit})))
    assert (
        "All images, originals and variants, were brought to 64 x 48 pixels "
        f"({way} where their shape is another) and encoded as webp files" in card
    )
    assert "byte for byte" not in card
    assert "All images are upright, without metadata." in card
    assert "EXIF" not in card
