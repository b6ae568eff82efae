"""The chart and the card: readable for two classes and for sixty, and nothing in a name acts."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from augbuild.report import draw_counts, render_card
from augbuild.report.counts import counts_figure
from tests.conftest import REPOSITORY

NASTY = ["<img src=x onerror=1>", "a|b", "`rm -rf`", "new\nline", "$x_2$", "猫", "\u202eabc", "[x](javascript:1)", "x" * 300]


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
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))]
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
                    "from": [{"op": "hflip", "p": 1.0, "weight": 1.0}, {"op": "blur", "p": 1.0, "weight": 2.0, "radius": 2.0}],
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
    return {key: json.loads(value) for key, value in (line.split(": ", 1) for line in block.splitlines())}


def test_card_is_as_the_golden_file() -> None:
    assert render_card(facts()) == (REPOSITORY / "tests" / "golden" / "card.md").read_text(encoding="utf-8")


def test_front_matter_pins_the_splits() -> None:
    configs = {config["config_name"]: config["data_files"] for config in front_matter(render_card(facts()))["configs"]}
    test = {"split": "test", "path": "test/**"}
    assert configs == {
        "default": [{"split": "train", "path": ["train/**", "augmented_train/**"]}, test],
        "original": [{"split": "train", "path": ["train/**"]}, test],
        "augmented": [{"split": "train", "path": ["augmented_train/**"]}, test],
    }


def test_front_matter_is_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    card = render_card(facts(name="a: b # c\n- d"))
    assert yaml.safe_load(card.split("---\n")[1]) == front_matter(card)
    assert front_matter(card)["pretty_name"] == "a: b # c\n- d"


@pytest.mark.parametrize("name", NASTY)
def test_no_name_acts_in_a_card(name: str) -> None:
    card = render_card(facts(name=name, classes=[name], counts={"train": {name: 1}}))
    body = card.split("---\n", 2)[2]
    assert "<img" not in body
    assert "[x](" not in body.replace("\\[x\\](", "")
    assert len([line for line in body.splitlines() if line.startswith("| ")]) == 2  # the header and one class


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_name_stays_in_its_cell(name: str) -> None:
    body = render_card(facts(classes=[name], counts={"train": {name: 1}})).split("---\n", 2)[2]
    rows = [line for line in body.splitlines() if line.startswith("| ")]
    assert len(rows) == 2
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", rows[1])) == 3


def test_sample_credits_its_makers() -> None:
    assert "Twemoji, CC BY 4.0" in render_card(facts(attribution="Twemoji, CC BY 4.0"))
