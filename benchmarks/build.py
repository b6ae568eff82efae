"""A whole build against a plain one-process loop of the same AugLy calls, measured in one run.

    python benchmarks/build.py PHOTOS [--recipe default] [--jobs 2] [--runs 3]

PHOTOS has train/<class>/ folders. Both sides decode each train photo once, apply the same ops and write the same number
of JPEGs; ours also copies the originals, hashes everything, and writes manifest, card and chart.
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
    """Do what most people's first script does: open, transform with AugLy, save; return how many variants."""
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
    """Run a command and give its wall-clock seconds."""
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
    parser.add_argument(
        "--loop", type=Path, help=argparse.SUPPRESS
    )  # the other side, in a process of its own
    arguments = parser.parse_args()
    if arguments.loop:
        print(plain_loop(arguments.photos, arguments.recipe, arguments.loop))
        return
    work = Path(tempfile.mkdtemp(prefix="augbuild-benchmark-"))
    photos = str(arguments.photos)
    augbuild = [
        sys.executable,
        "-m",
        "augbuild",
        "make",
        arguments.recipe,
        "--source",
        photos,
        "--quiet",
    ]
    ours, theirs = [], []
    for _ in range(arguments.runs):
        ours.append(timed([*augbuild, "--out", str(work / "ours"), "-j", str(arguments.jobs)]))
        theirs.append(timed([sys.executable, __file__, photos, "--recipe", arguments.recipe,
                             "--loop", str(work / "loop")]))  # fmt: skip
        made = sum(1 for _ in (work / "ours" / "augmented_train").rglob("*.jpg"))
        shutil.rmtree(work / "ours")
        shutil.rmtree(work / "loop")
    shutil.rmtree(work)
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"{made:,} variants, median of {arguments.runs} runs")
    print(
        f"augbuild -j {arguments.jobs}: {a:.1f} s, {made / a:.0f} variants a second, originals and records included"
    )
    print(f"plain loop:   {b:.1f} s, {made / b:.0f} variants a second")
    print(f"ratio: {b / a:.2f}")


if __name__ == "__main__":
    main()
