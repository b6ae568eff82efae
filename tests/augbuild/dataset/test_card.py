"""The chart and the card: readable for two classes and for sixty, and nothing in a name acts."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from augbuild.dataset.card import render_card
from augbuild.dataset.chart import counts_figure, draw_counts
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


def counts_of(classes: Sequence[str], scale: int = 1) -> dict[str, dict[str, int]]:
    train = {label: (number * 37 % 211) * scale for number, label in enumerate(classes, 1)}
    return {
        "train": train,
        "augmented_train": {label: 3 * value for label, value in train.items()},
        "test": {label: value // 5 for label, value in train.items()},
    }


@pytest.mark.parametrize(
    ("classes", "scale"),
    [
        (["cats", "dogs"], 1),
        (["only"], 1),
        ([f"class {number}" for number in range(60)], 1),
        ([f"class {number}" for number in range(60)], 40_000),
        ([f"class {number}" for number in range(500)], 1),
        (NASTY, 1),
    ],
    ids=["2", "1", "60", "60, millions", "500", "nasty"],
)
def test_no_two_labels_overlap_and_all_are_on_the_sheet(classes: list[str], scale: int) -> None:
    figure = counts_figure(counts_of(classes, scale), classes, "A title")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [
        text.get_window_extent(canvas.get_renderer())
        for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))
    ]
    assert len(boxes) >= 2 * min(len(classes), 60)
    for first, second in itertools.combinations(boxes, 2):
        assert not first.overlaps(second)
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1


def test_every_number_and_class_is_written() -> None:
    figure = counts_figure({"train": {"cats": 1234567, "dogs": 0}}, ["cats", "dogs"], "title")
    written = {text.get_text() for text in figure.texts}
    assert {"cats", "dogs", "1,234,567", "0", "title"} <= written


def test_bars_are_as_long_as_their_numbers() -> None:
    image = Image.open(io.BytesIO(draw_counts({"train": {"a": 100, "b": 50}}, ["a", "b"], "t")))
    blue = np.all(np.abs(np.asarray(image, np.int16) - (0, 0x72, 0xB2)) < 8, axis=2)
    lengths = sorted({int(count) for count in blue.sum(axis=1) if count > 20})
    assert lengths[-1] / lengths[0] == pytest.approx(2, abs=0.05)


def test_equal_counts_give_equal_bytes() -> None:
    counts = counts_of(["cats", "dogs"])
    first = draw_counts(counts, ["cats", "dogs"], "t")
    assert first == draw_counts(counts, ["cats", "dogs"], "t")
    assert b"matplotlib" not in first
    assert first != draw_counts(counts, ["cats", "dogs"], "u")


def test_settings_of_the_user_change_nothing() -> None:
    counts = counts_of(["cats", "dogs"])
    drawn = draw_counts(counts, ["cats", "dogs"], "t")
    with mpl.rc_context(
        {"path.sketch": (1, 100, 2), "text.antialiased": False, "text.hinting": "none"}
    ):
        before = dict(mpl.rcParams)
        assert draw_counts(counts, ["cats", "dogs"], "t") == drawn
        assert dict(mpl.rcParams) == before


def test_threads_draw_as_one_does() -> None:
    counts = counts_of(["cats", "dogs"])
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: draw_counts(counts, ["cats", "dogs"], "t"), range(8)))
    assert len(set(drawn)) == 1


def test_names_that_differ_at_their_ends_are_cut_in_the_middle() -> None:
    names = ["n" * 80 + "_left", "n" * 80 + "_right"]
    figure = counts_figure({"train": dict.fromkeys(names, 1)}, names, "t")
    cut = [text.get_text() for text in figure.texts if "…" in text.get_text()]
    assert [name.endswith(end) for name, end in zip(cut, ("_left", "_right"), strict=True)] == [
        True,
        True,
    ]
    assert all(name.startswith("nnn") for name in cut)


def test_what_the_font_lacks_is_escaped() -> None:
    names = ["猫", "a\nb", "\u202eabc", "$x$", "é"]
    figure = counts_figure({"train": dict.fromkeys(names, 1)}, names, "t")
    assert {"\\u732b", "a\\nb", "\\u202eabc", "$x$", "é"} <= {
        text.get_text() for text in figure.texts
    }


def test_hundreds_of_classes_are_cut_to_the_largest_and_the_smallest_and_the_chart_says_so() -> (
    None
):
    classes = [f"class {number}" for number in range(500)]
    counts = {
        "train": {label: number for number, label in enumerate(classes)},
        "test": dict.fromkeys(classes, 5),
    }
    written = [text.get_text() for text in counts_figure(counts, classes, "t").texts]
    assert "127,250 images in 500 classes; the 30 largest and the 30 smallest are drawn" in written
    assert [name for name in written if name.startswith("class ")] == [
        *classes[:469:-1],
        *classes[29::-1],
    ]
    assert {"… 440 more …", "30 to 469", "5 each"} <= set(written)


def test_a_dataset_without_an_image_is_drawn_too() -> None:
    written = [text.get_text() for text in counts_figure({}, ["cats"], "t").texts]
    assert {"Train", "cats", "0", "0 images in 1 class"} <= set(written)


def facts(**changes: Any) -> dict[str, Any]:
    return {
        "name": "cats-dogs",
        "classes": ["cats", "dogs"],
        "counts": {
            "train": {"cats": 279, "dogs": 278},
            "augmented_train": {"cats": 837, "dogs": 834},
            "test": {"cats": 70, "dogs": 70},
        },
        "rejected": 0,
        "attribution": None,
        "recipe": {
            "augment": {"variants": 3, "balance": None},
            "output": {"format": "jpeg"},
            "transforms": [
                {"op": "rotate", "p": 1.0, "weight": 1.0, "degrees": {"uniform": [-20.0, 20.0]}},
                {
                    "some_of": 2,
                    "replace": False,
                    "p": 0.5,
                    "weight": 1.0,
                    "from": [
                        {"op": "hflip", "p": 1.0, "weight": 1.0},
                        {"op": "blur", "p": 1.0, "weight": 2.0, "radius": 2.0},
                    ],
                },
            ],
        },
        "recipe_sha256": "ab" * 32,
        "versions": {"augbuild": "0.1.0"},
        "rows": 2368,
        **changes,
    }


def front_matter(card: str) -> dict[str, Any]:
    """Read the front matter: each line is a key and a JSON value."""
    block = card.split("---\n")[1]
    return {
        key: json.loads(value)
        for key, value in (line.split(": ", 1) for line in block.splitlines())
    }


def test_card_is_as_the_golden_file() -> None:
    assert render_card(facts()) == (REPOSITORY / "tests" / "golden" / "card.md").read_text(
        encoding="utf-8"
    )


def configs(**changes: Any) -> dict[str, dict[str, list[str]]]:
    """Give the patterns of each split, by the name of the config."""
    return {
        config["config_name"]: {split["split"]: split["path"] for split in config["data_files"]}
        for config in front_matter(render_card(facts(**changes)))["configs"]
    }


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
    yaml = pytest.importorskip("yaml")
    card = render_card(facts(name=name))
    assert yaml.safe_load(card.split("---\n")[1]) == front_matter(card)
    assert front_matter(card)["pretty_name"] == shown


@pytest.mark.parametrize("name", NASTY)
def test_no_name_acts_in_a_card(name: str) -> None:
    card = render_card(facts(name=name, classes=[name], counts={"train": {name: 1}}))
    body = card.split("---\n", 2)[2]
    assert "<img" not in body
    assert "[x](" not in body.replace("\\[x\\](", "")
    assert (
        len([line for line in body.splitlines() if line.startswith("| ")]) == 2
    )  # the header and one class


@settings(deadline=None)
@given(st.text(st.sampled_from("a|\\`\n<&_") | st.characters(), max_size=20))
def test_any_name_stays_in_its_cell(name: str) -> None:
    body = render_card(facts(classes=[name], counts={"train": {name: 1}})).split("---\n", 2)[2]
    rows = [line for line in body.splitlines() if line.startswith("| ")]
    assert len(rows) == 2
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", rows[1])) == 3


def test_sample_credits_its_makers() -> None:
    assert "Twemoji, CC BY 4.0" in render_card(facts(attribution="Twemoji, CC BY 4.0"))
    assert "<img" not in render_card(facts(attribution="<img src=x onerror=1>"))
