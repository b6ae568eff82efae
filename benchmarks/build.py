"""A whole build against a plain one-process loop of the same AugLy calls, measured in one run.

    python benchmarks/build.py PHOTOS [--recipe default] [--jobs 2] [--runs 3]

PHOTOS has train/<class>/ folders. Both sides decode each train photo once, apply the same ops and
write the same number of JPEGs; ours also copies the originals, hashes everything, and writes
manifest, card and chart.
"""

from __future__ import annotations

import argparse
import io
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def plain_loop(photos: Path, recipe: str, out: Path) -> int:
    """Open, transform with AugLy, save, as first scripts do; return the count of variants."""
    import augly.image as imaugs
    from PIL import Image

    from augbuild.core.pool import available_cpus
    from augbuild.planning.plan import make_plan
    from augbuild.recipe.load import load_recipe
    from augbuild.sources.open import open_source

    plan = make_plan(load_recipe(recipe), open_source(str(photos), Path.cwd()), available_cpus())
    made = 0
    for task in plan.tasks():
        if len(task.outputs) == 1:
            continue
        image = Image.open(photos / task.source.path).convert("RGB")
        for output in task.outputs[1:]:
            result = image
            for op in output.ops:
                result = getattr(imaugs, op.name)(result, **op.params)
            buffer = io.BytesIO()
            result.save(buffer, format="JPEG", quality=90)
            target = out / output.file_name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(buffer.getvalue())
            made += 1
    return made


def timed(command: list[str]) -> float:
    """Run a command and return its wall-clock seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Time both, in turn, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    # The other side, in a process of its own: both start Python and import AugLy.
    parser.add_argument("--loop", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.loop:
        print(plain_loop(arguments.photos, arguments.recipe, arguments.loop))
        return

    photos, recipe, jobs = str(arguments.photos), arguments.recipe, str(arguments.jobs)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="augbuild-benchmark-") as folder:
        built, looped = Path(folder) / "ours", Path(folder) / "loop"
        build = [sys.executable, "-m", "augbuild", "make", recipe, "--source", photos]
        build += ["--out", str(built), "-j", jobs, "--quiet"]
        loop = [sys.executable, __file__, photos, "--recipe", recipe, "--loop", str(looped)]
        for _ in range(arguments.runs):
            ours.append(timed(build))
            theirs.append(timed(loop))
            made = sum(1 for _ in (built / "augmented_train").rglob("*.jpg"))
            shutil.rmtree(built)
            shutil.rmtree(looped)

    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"{made:,} variants, median of {arguments.runs} runs")
    rate = f"{made / a:.0f} variants a second, originals and records included"
    print(f"augbuild -j {jobs}: {a:.1f} s, {rate}")
    print(f"plain loop:   {b:.1f} s, {made / b:.0f} variants a second")
    print(f"ratio: {b / a:.2f}")


if __name__ == "__main__":
    main()
