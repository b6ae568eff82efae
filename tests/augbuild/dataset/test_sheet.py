"""The sheet: text that fits and can be drawn, on a page that no setting changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from augbuild.dataset.sheet import DPI, Page, default_settings, drawable, fit, width_of


def pixels(page: Page) -> np.ndarray:
    canvas = FigureCanvasAgg(page.figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def test_rectangle_falls_on_whole_pixels() -> None:
    page = Page(2.0, 1.0)
    page.rectangle(0.5, 0.251, 1.0, 0.2499, "#ff0000")
    drawn = pixels(page)
    assert drawn.shape == (DPI, 2 * DPI, 3)
    red = np.all(drawn == (255, 0, 0), axis=2)
    white = np.all(drawn == (255, 255, 255), axis=2)
    assert np.all(red | white)
    rows, columns = np.nonzero(red)
    assert (columns.min(), columns.max() + 1) == (DPI // 2, 3 * DPI // 2)
    assert (rows.min(), rows.max() + 1) == (DPI // 4, DPI // 2)


@pytest.mark.parametrize(("align", "side"), [("left", slice(DPI, None)), ("right", slice(DPI))])
def test_text_lies_on_its_side_and_is_centred(align: str, side: slice) -> None:
    page = Page(2.0, 1.0)
    page.text(1.0, 0.5, "xxxx", 12.0, "#000000", align="left" if align == "left" else "right")
    rows, columns = np.nonzero(pixels(page).min(axis=2) < 128)
    assert set(columns) <= set(range(2 * DPI)[side])
    assert abs((rows.min() + rows.max()) / 2 - DPI / 2) <= 3


def test_what_cannot_be_drawn_is_written_as_an_escape() -> None:
    assert drawable("aé$") == "aé$"
    assert drawable("猫") == "\\u732b"
    assert drawable("a\nb") == "a\\nb"
    assert drawable("\u202ea") == "\\u202ea"


def test_width_is_in_inches_and_bold_is_wider() -> None:
    assert width_of("", 10.0) == 0
    assert width_of("mm", 20.0) == pytest.approx(2 * width_of("mm", 10.0), rel=0.05)
    assert width_of("word", 10.0, bold=True) > width_of("word", 10.0)
    assert 0.1 < width_of("m", 10.0) < 0.2


@given(st.text(max_size=60), st.floats(0.2, 3.0))
def test_what_is_fitted_fits_or_is_one_mark(text: str, room: float) -> None:
    shown = fit(text, 8.5, room)
    assert width_of(shown, 8.5) <= room or shown.count("…") == 1
    if width_of(drawable(text), 8.5) <= room:
        assert shown == drawable(text)
    else:
        start, mark, end = shown.partition("…")
        assert mark
        assert drawable(text).startswith(start)
        assert drawable(text).endswith(end)


@pytest.fixture
def users() -> Iterator[None]:
    with mpl.rc_context({"text.hinting": "none", "font.size": 30}):
        yield


@pytest.mark.usefixtures("users")
def test_only_what_is_read_while_drawing_is_swapped_and_given_back() -> None:
    with default_settings():
        assert mpl.rcParams["text.hinting"] == mpl.rcParamsDefault["text.hinting"]
        assert mpl.rcParams["font.size"] == 30
        mpl.rcParams["font.size"] = 40  # another thread's business
    assert (mpl.rcParams["text.hinting"], mpl.rcParams["font.size"]) == ("none", 40)
    with pytest.raises(KeyError), default_settings():
        raise KeyError
    assert mpl.rcParams["text.hinting"] == "none"


def test_nothing_is_written_where_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    kept = type(mpl.rcParams).__setitem__

    def note(settings: mpl.RcParams, key: object, value: object) -> None:
        written.append(key)
        kept(settings, key, value)  # type: ignore[arg-type]  # any key

    monkeypatch.setattr(type(mpl.rcParams), "__setitem__", note)
    with default_settings():
        width_of("word", 10.0)
    assert written == []


@pytest.mark.usefixtures("users")
def test_one_thread_draws_at_a_time() -> None:
    """Otherwise the first to end would give the user's settings back under the other's hands."""
    inside, seen = threading.Event(), []

    def draw() -> None:
        inside.wait()
        with default_settings():
            seen.append(mpl.rcParams["text.hinting"])

    thread = threading.Thread(target=draw)
    with default_settings():
        thread.start()
        inside.set()
        thread.join(timeout=0.2)
        assert seen == []
    thread.join()
    assert seen == [mpl.rcParamsDefault["text.hinting"]]
