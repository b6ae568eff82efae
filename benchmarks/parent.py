"""What the parent of a pool costs: its own processor time for each output, with tiny pictures.

    python -m benchmarks.parent [--tasks 20000] [--variants 3] [--jobs 2]

By this time alone, workers wait for their parent: n of them, each of which takes t for an output,
are kept busy as long as n times the parent's time is less than t. Builds twice, and the second time
there is nothing to do.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

RECIPE = """
name = "parent"
[source]
path = "photos"
[split]
test = 0.2
group = "none"
[output]
path = "out"
[augment]
variants = {variants}
[[transforms]]
op = "rotate"
degrees = {{ uniform = [-30, 30] }}
[[transforms]]
op = "hflip"
p = 0.5
[[transforms]]
op = "brightness"
factor = {{ uniform = [0.8, 1.2] }}
"""
CLASSES = 10


def write_project(folder: Path, tasks: int, variants: int) -> None:
    """Write a recipe beside `tasks` pictures of 8x8 pixels, in ten classes."""
    (folder / "recipe.toml").write_text(RECIPE.format(variants=variants), encoding="utf-8")
    generator = np.random.default_rng(0)
    for index in range(tasks):
        path = folder / "photos" / f"class{index % CLASSES}" / f"{index:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(path)


def build_here(recipe: str, jobs: int) -> None:
    """Build in this process, and print what it cost as JSON."""
    import augbuild.building.execute as execute
    from augbuild.building.build import build

    execute._POOL_PAYS_FROM = 0  # no trial in the parent: it would count as its own
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF)
    report = build(recipe, n_jobs=jobs)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    outputs = report.made or report.kept
    print(
        json.dumps(
            {
                "made": report.made,
                "outputs": outputs,
                "seconds": round(time.perf_counter() - start, 2),
                "parent_cpu_seconds": round(cpu, 2),
                "parent_us_an_output": round(cpu / outputs * 1e6, 1),
                "parent_peak_mb": round(after.ru_maxrss / 1024, 1),
            }
        )
    )


def measure(tasks: int, variants: int, jobs: int) -> dict[str, object]:
    """Build a project of tiny pictures twice, each time in a process of its own."""
    runs = {}
    with tempfile.TemporaryDirectory(prefix="augbuild-parent-") as name:
        folder = Path(name)
        write_project(folder, tasks, variants)
        command = [sys.executable, "-m", "benchmarks.parent", "--jobs", str(jobs), "--build"]
        for run in ("first", "second"):
            done = subprocess.run(
                [*command, str(folder / "recipe.toml")], check=True, capture_output=True, text=True
            )
            runs[run] = json.loads(done.stdout)
    return {
        "tasks": tasks,
        "variants": variants,
        "jobs": jobs,
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        **runs,
    }


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--variants", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--build", metavar="RECIPE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        build_here(arguments.build, arguments.jobs)
        return
    found = measure(arguments.tasks, arguments.variants, arguments.jobs)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
