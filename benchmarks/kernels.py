"""Each transform beside AugLy's own function, on the same photos in one run: ms per image.

    python benchmarks/kernels.py PHOTOS [--count 12] [--runs 5] [--json FILE]

PHOTOS is a folder with photos anywhere below it. They are used as they are, and at 224 px. Both
sides get the same parameters and take turns; the result of each first call must be equal, pixel for
pixel. Where numba is installed, what it compiles is a side of its own. Times are of the processor,
of this thread alone, so that a busy machine disturbs less; the median over the runs is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from augbuild.catalogue.transforms import CATALOGUE, Op
from augbuild.pixels import replaced
from augbuild.pixels.codec import read_image
from augbuild.pixels.exact.functions import FUNCTIONS
from augbuild.pixels.exact.reference import find_reference
from augbuild.pixels.overlays import open_asset

Function = Callable[..., Image.Image]

SMALL = 224
EMOJI = "smileys/grinning_face"

# One op for each transform, as a recipe would draw it.
OPS = (
    Op("blur", {"radius": 2.0}),
    Op("brightness", {"factor": 1.2}),
    Op("change_aspect_ratio", {"ratio": 1.3}),
    Op(
        "color_jitter", {"brightness_factor": 1.1, "contrast_factor": 0.9, "saturation_factor": 1.2}
    ),
    Op("contrast", {"factor": 1.2}),
    Op("crop", {"x1": 0.1, "y1": 0.1, "x2": 0.9, "y2": 0.9}),
    Op("encoding_quality", {"quality": 40}),
    Op("grayscale"),
    Op("hflip"),
    Op("opacity", {"level": 0.6}),
    Op("overlay_emoji", {"emoji_path": EMOJI}),
    Op("overlay_stripes", {"line_angle": 30.0, "line_opacity": 0.4}),
    Op("pad", {"w_factor": 0.1, "h_factor": 0.1}),
    Op("pixelization", {"ratio": 0.5}),
    Op("random_noise", {"var": 0.01, "seed": 7}),
    Op("rotate", {"degrees": 12.3}),
    Op("saturation", {"factor": 1.3}),
    Op("scale", {"factor": 0.7}),
    Op("sharpen", {"factor": 1.5}),
    Op("shuffle_pixels", {"factor": 0.1, "seed": 7}),
    Op("skew", {"skew_factor": 0.2}),
    Op("vflip"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds per image of one transform at one size; `compiled` is None without numba."""

    op: str
    size: str
    augly: float
    ours: float
    compiled: float | None


def arguments_of(op: Op) -> Mapping[str, object]:
    """Return all values of an op as its functions take them."""
    arguments: dict[str, object] = {}
    for name, param in CATALOGUE[op.name].params.items():
        value = op.params.get(name, param.default)
        if param.kind == "emoji":
            arguments[name] = open_asset("emoji", str(value), None, None)
        else:
            arguments[name] = tuple(value) if isinstance(value, list) else value
    return arguments


def sides_of(op: Op) -> Mapping[str, Function]:
    """Return the functions that do an op, by the name of their side."""
    sides = {"augly": find_reference(op.name)}
    sides["ours"] = FUNCTIONS.get(op.name) or replaced.FUNCTIONS[op.name]
    if find_spec("numba") is not None:
        from augbuild.pixels.compiled.functions import FUNCTIONS as COMPILED

        if op.name in COMPILED:
            sides["compiled"] = COMPILED[op.name]
    return sides


def time_once(
    function: Function, images: Sequence[Image.Image], arguments: Mapping[str, object]
) -> float:
    """Return the milliseconds of the processor that an image takes."""
    start = time.thread_time()
    for image in images:
        function(image, **arguments)
    return 1000 * (time.thread_time() - start) / len(images)


def compare(op: Op, images: Sequence[Image.Image], size: str, runs: int) -> Row:
    """Time all sides of an op in turn; raises AssertionError where their pixels differ."""
    sides = sides_of(op)
    arguments = arguments_of(op)
    expected = sides["augly"](images[0], **arguments).convert("RGB")
    for name, function in sides.items():
        result = function(images[0], **arguments).convert("RGB")
        if (result.size, result.tobytes()) != (expected.size, expected.tobytes()):
            raise AssertionError(f"{op.name}: the pixels of {name} are not AugLy's")
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, function in sides.items():
            times[name].append(time_once(function, images, arguments))
    medians = {name: statistics.median(values) for name, values in times.items()}
    return Row(op.name, size, medians["augly"], medians["ours"], medians.get("compiled"))


def print_row(row: Row) -> None:
    """Print one line of the table."""
    line = (
        f"{row.op:22}{row.size:>8}{row.augly:>10.2f}{row.ours:>10.2f}{row.augly / row.ours:>7.1f}x"
    )
    if row.compiled is not None:
        line += f"{row.compiled:>10.2f}{row.augly / row.compiled:>7.1f}x"
    print(line, flush=True)


def main() -> None:
    """Print a line for each transform and size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument(
        "--count", type=int, default=12, help="how many of the photos, spread evenly"
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="names of transforms")
    parser.add_argument("--json", type=Path, help="write the numbers to a file, too")
    arguments = parser.parse_args()
    files = sorted(
        path for path in arguments.photos.rglob("*") if path.suffix.lower() in {".jpg", ".png"}
    )
    step = max(1, len(files) // arguments.count)
    photos = [read_image(path) for path in files[::step][: arguments.count]]
    small = [photo.resize((SMALL, SMALL)) for photo in photos]
    megapixels = sum(photo.width * photo.height for photo in photos) / len(photos) / 1e6
    print(f"{len(photos)} photos of {megapixels:.2f} megapixels, median of {arguments.runs} runs")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"{'ms per image':22}{'':>8}{'AugLy':>10}{'ours':>10}{'':>8}{'compiled':>10}")
    rows = []
    for op in OPS:
        if arguments.only and op.name not in arguments.only:
            continue
        for size, images in (("full", photos), (f"{SMALL} px", small)):
            rows.append(compare(op, images, size, arguments.runs))
            print_row(rows[-1])
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
