"""PNG files: equal values give equal bytes, and matplotlib's settings stay whatever they are."""

from __future__ import annotations

import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from tests.trainer.figures.drawn import assert_fits_a_page
from trainer.figures.confusion import confusion_figure
from trainer.figures.deltas import Interval, deltas_figure
from trainer.figures.power import power_figure
from trainer.figures.render import _FAMILIES, draw_png
from trainer.figures.slopes import Slopes, slopes_figure
from trainer.statistics.sample_size import Measured
from trainer.statistics.tests import Components

MATRIX = [[94, 46], [65, 75]]
CLASSES = ["cats", "dogs"]

CHANGED: list[dict[str, object]] = [
    {"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9, "text.antialiased": False},
    {"xaxis.labellocation": "right"},
    {"_internal.classic_mode": True},
    {"ytick.left": False},
]


def draw_matrix() -> bytes:
    """Draw a confusion matrix."""
    return draw_png(confusion_figure, MATRIX, CLASSES, "Test images")


def test_a_file_is_a_png() -> None:
    assert_fits_a_page(draw_matrix())


@pytest.mark.parametrize("changed", CHANGED, ids=lambda changed: next(iter(changed)))
def test_equal_values_give_equal_bytes_whatever_the_settings(changed: dict[Any, Any]) -> None:
    before = draw_matrix()
    with mpl.rc_context(changed):
        assert draw_matrix() == before


def test_settings_stay_while_and_after_a_figure_is_drawn() -> None:
    drawn = threading.Event()
    seen = []

    def watch() -> None:
        while not drawn.wait(0.001):
            seen.append(mpl.rcParams["font.size"])

    with mpl.rc_context({"font.size": 30}):
        watcher = threading.Thread(target=watch)
        watcher.start()
        draw_matrix()
        mpl.rcParams["lines.linewidth"] = 9  # what another thread might set
        draw_matrix()
        drawn.set()
        watcher.join()
        assert set(seen) == {30}
        assert mpl.rcParams["lines.linewidth"] == 9


def test_a_setting_that_is_not_read_needs_no_process_of_its_own() -> None:
    processes = []

    def lay_out() -> Figure:
        processes.append(os.getpid())
        return confusion_figure(MATRIX, CLASSES, "Test images")

    with mpl.rc_context({"svg.fonttype": "none"}):
        assert draw_png(lay_out) == draw_matrix()
    assert processes == [os.getpid()]


def test_every_setting_that_is_read_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    read = set()
    get = mpl.RcParams.__getitem__

    def watch(self: mpl.RcParams, key: Any) -> Any:
        read.add(key)
        return get(self, key)

    monkeypatch.setattr(mpl.RcParams, "__getitem__", watch)
    variances = Measured(Components(0.002, 0.05, 0.2), 10, 28, 28.0)
    rows = [Interval("accuracy", 0.4, 0.38, 0.42, main=True)]
    figures = [
        confusion_figure(MATRIX, CLASSES, "Test images"),
        deltas_figure("b", "a", rows, 0.05),
        power_figure(variances, 0.018, "accuracy"),
        slopes_figure([Slopes("a", "b", (0.5, 0.6), (0.7, 0.4))], "accuracy", 0.5),
    ]
    for figure in figures:
        figure.savefig(io.BytesIO(), format="png")
    assert len(read) > 50
    assert {key for key in read if not key.startswith(_FAMILIES)} == set()


def test_threads_draw_as_one_does() -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = set(pool.map(lambda _: draw_matrix(), range(6)))
    assert drawn == {draw_matrix()}


def test_values_that_cannot_be_drawn_are_the_same_error_in_either_process() -> None:
    message = r"^max\(\) (arg is an empty sequence|iterable argument is empty)$"
    with pytest.raises(ValueError, match=message):
        draw_png(confusion_figure, [[1]], [], "no class")
    with mpl.rc_context({"font.size": 30}), pytest.raises(ValueError, match=message):
        draw_png(confusion_figure, [[1]], [], "no class")
    assert draw_matrix() == draw_matrix()  # and the lock was released
