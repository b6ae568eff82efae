"""The chart: readable for two classes and for sixty, and the same bytes whatever the settings."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from augbuild.dataset.chart import MAX_CLASSES, counts_figure, draw_counts
from tests.augbuild.dataset.about.test_card import NASTY
from tests.conftest import REPOSITORY


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
    texts = [artist for artist in figure.findobj(match=Text) if isinstance(artist, Text)]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts]
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


USERS: list[dict[Any, Any]] = [
    {"path.sketch": (1, 100, 2), "text.antialiased": False, "text.hinting": "none"},
    {"figure.frameon": False, "figure.facecolor": "red", "figure.dpi": 30},
    {"patch.antialiased": False, "patch.force_edgecolor": True, "patch.linewidth": 5},
    {"path.snap": False, "text.kerning_factor": 6, "text.parse_math": True},
    {"font.size": 30, "font.family": "monospace", "text.color": "red"},
    dict(style.library["dark_background"]),
    dict(style.library["classic"]),
]


@pytest.mark.filterwarnings("ignore::matplotlib.MatplotlibDeprecationWarning")
@pytest.mark.parametrize("users", USERS, ids=lambda users: next(iter(users)))
def test_settings_of_the_user_change_nothing(users: dict[Any, Any]) -> None:
    counts = counts_of(["cats", "dogs"])
    drawn = draw_counts(counts, ["cats", "dogs"], "t")
    with mpl.rc_context(users):
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
    assert len(classes) > MAX_CLASSES
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


@pytest.mark.parametrize(("count", "rows"), [(MAX_CLASSES, MAX_CLASSES), (MAX_CLASSES + 1, 61)])
def test_so_many_classes_are_still_drawn_each(count: int, rows: int) -> None:
    classes = [f"class {number}" for number in range(count)]
    texts = counts_figure({"train": dict.fromkeys(classes, 1)}, classes, "t").texts
    written = [text.get_text() for text in texts]
    assert sum(name.startswith(("class ", "… ")) for name in written) == rows


def test_panels_are_the_folders_that_have_images() -> None:
    counts = {"train": {"a": 1}, "augmented_train": {"a": 0}, "test": {"a": 2}}
    written = [text.get_text() for text in counts_figure(counts, ["a"], "t").texts]
    panels = {"Train", "Augmented train", "Validation", "Test"}
    assert [name for name in written if name in panels] == ["Train", "Test"]


def test_few_rows_are_taller() -> None:
    def height(count: int) -> float:
        classes = [str(number) for number in range(count)]
        figure = counts_figure({"train": dict.fromkeys(classes, 1)}, classes, "t")
        return float(figure.get_size_inches()[1])

    assert height(10) - height(9) == pytest.approx(0.4)
    assert height(12) - height(11) == pytest.approx(0.23)
    assert height(11) < height(10)


def test_the_module_draws_what_standard_input_has() -> None:
    counts = {"train": {"cats": 3, "ünï": 2}, "augmented_train": {"cats": 9, "ünï": 0}}
    given = {"counts": counts, "classes": ["cats", "ünï"], "title": "t"}
    done = subprocess.run(
        [sys.executable, "-m", "augbuild.dataset.chart"],
        input=json.dumps(given).encode(),
        capture_output=True,
        cwd=REPOSITORY,
        check=True,
    )
    assert done.stdout == draw_counts(counts, ["cats", "ünï"], "t")
