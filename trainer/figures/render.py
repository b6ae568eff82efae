"""From figures to PNG files, whose bytes depend on no one's settings of matplotlib."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from functools import partial
from typing import ParamSpec

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from augbuild.core.pool import map_pooled

P = ParamSpec("P")

# The families of settings that are read while one of our figures is laid out and drawn.
_FAMILIES = (
    "_internal.",
    "agg.",
    "axes.",
    "errorbar.",
    "figure.",
    "font.",
    "grid.",
    "hatch.",
    "image.",
    "legend.",
    "lines.",
    "markers.",
    "mathtext.",
    "patch.",
    "path.",
    "savefig.",
    "text.",
    "xaxis.",
    "xtick.",
    "yaxis.",
    "ytick.",
)

# "Matplotlib is not thread-safe … it is your responsibility to set up the proper locks"
# (https://matplotlib.org/stable/users/faq.html#work-with-threads).
_LOCK = threading.Lock()


def draw_png(lay_out: Callable[P, Figure], *args: P.args, **kwargs: P.kwargs) -> bytes:
    """Return the PNG file of the figure that `lay_out` makes of these values.

    Equal values give equal bytes. Raises AugbuildError where that needs a worker process and the
    process is killed.
    """
    # matplotlib has one set of settings for the whole process, and reads 178 of them for our
    # figures; few can be given another way. `rc_context` would change them under every other
    # thread and, at its end, undo what those threads have set meanwhile. So nothing is changed
    # here: where a setting is not matplotlib's own, a worker draws, which takes two seconds.
    figure = partial(lay_out, *args, **kwargs)
    with _LOCK:
        if _settings_are_default():
            return _draw(figure)
        (png,) = map_pooled(_draw_with_default_settings, [figure], n_jobs=2)
        return png


def _settings_are_default() -> bool:
    changed = []
    for name, value in mpl.rcParams.items():
        if name.startswith(_FAMILIES) and value != mpl.rcParamsDefault[name]:
            changed.append(name)
    return not changed


def _draw_with_default_settings(lay_out: Callable[[], Figure]) -> bytes:
    mpl.rcdefaults()  # of a worker process, where nobody else draws
    return _draw(lay_out)


def _draw(lay_out: Callable[[], Figure]) -> bytes:
    figure = lay_out()
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None}, facecolor="white")
    return buffer.getvalue()
