"""From figures to PNG files, whose bytes depend on no one's settings of matplotlib."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import ParamSpec

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from augbuild.errors import RunError

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
_CHILD = "from trainer.figures.render import draw_in_child; draw_in_child()"

# "Matplotlib is not thread-safe … it is your responsibility to set up the proper locks"
# (https://matplotlib.org/stable/users/faq.html#work-with-threads).
_LOCK = threading.Lock()


def draw_png(lay_out: Callable[P, Figure], *args: P.args, **kwargs: P.kwargs) -> bytes:
    """Return the PNG file of the figure that `lay_out` makes of these values.

    `lay_out` is a function of a module and its values can be pickled. Equal values give equal
    bytes. Raises RunError where a process of its own is needed for that and fails.
    """
    # matplotlib has one set of settings for the whole process, and reads 178 of them for our
    # figures; few can be given another way. `rc_context` would change them under every other
    # thread and, at its end, undo what those threads have set meanwhile. So nothing is changed
    # here: where a setting is not matplotlib's own, a child draws, which takes about a second.
    if _settings_are_default():
        with _LOCK:
            return _encode(lay_out(*args, **kwargs))
    return _run_child(pickle.dumps((lay_out, args, kwargs)))


def draw_in_child() -> None:
    """Write on standard output the PNG file of what was pickled on standard input."""
    mpl.rcdefaults()
    lay_out, args, kwargs = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(_encode(lay_out(*args, **kwargs)))


def _settings_are_default() -> bool:
    changed = []
    for name, value in mpl.rcParams.items():
        if name.startswith(_FAMILIES) and value != mpl.rcParamsDefault[name]:
            changed.append(name)
    return not changed


def _run_child(task: bytes) -> bytes:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        child = subprocess.run(
            [sys.executable, "-c", _CHILD], input=task, capture_output=True, env=environment
        )
    except OSError as error:
        raise RunError(f"cannot start a process that draws: {error.strerror}") from error
    if child.returncode != 0:
        messages = child.stderr.decode(errors="replace").splitlines()
        reason = messages[-1] if messages else f"it ended with {child.returncode}"
        raise RunError(f"the process that draws has failed: {reason}")
    return child.stdout


def _encode(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None}, facecolor="white")
    return buffer.getvalue()
