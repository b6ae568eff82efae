"""Whole builds beside what others write in their place, all measured in one run.

    python -m benchmarks.build PHOTOS [--sizes full 224 ten] [--recipes default lab strong]
                               [--jobs 2] [--rounds 3] [--json FILE]

PHOTOS has train/<class>/ folders. "full" are the photos as they are, "224" the same at 224x224, and
"ten" ten of those. Each peer (benchmarks/peers.py) is a process of its own, from its start to its
end; they take turns, so that a machine that slows down slows them all. augbuild also copies the
originals, hashes everything, and writes manifest, card and chart.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from PIL import Image

from augbuild.catalogue.assets import resolve_asset
from augbuild.catalogue.transforms import ASSET_KINDS, CATALOGUE, Op
from augbuild.planning.plan import make_plan
from augbuild.recipe.load import load_recipe
from augbuild.recipe.model import Recipe
from augbuild.sources.open import open_source
from benchmarks.peers import ONLY_DEFAULT, PEERS, Call, Photo, Work, missing

SIZES = ("full", "224", "ten")
RECIPES = ("default", "lab", "strong")
AUGBUILD = "augbuild"
QUALITY_OF_SOURCES = 92


@dataclass(frozen=True, slots=True)
class Result:
    """One peer's runs; `peak_mb` is that of the largest of its processes."""

    size: str
    recipe: str
    peer: str
    variants: int
    seconds: tuple[float, ...]
    peak_mb: float

    @property
    def median(self) -> float:
        """Return the median of the runs in seconds."""
        return statistics.median(self.seconds)


def resized(photos: Path, out: Path, count: int | None) -> Path:
    """Write train photos at 224x224, all or the first of each class, `count` in total."""
    classes = sorted(path for path in (photos / "train").iterdir() if path.is_dir())
    for number, folder in enumerate(classes):
        found = sorted(folder.iterdir())
        if count is not None:
            found = found[: len(range(number, count, len(classes)))]
        for path in found:
            target = out / "train" / folder.name / f"{path.stem}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(path) as image:
                image.convert("RGB").resize((224, 224)).save(target, quality=QUALITY_OF_SOURCES)
    return out


def work_of(photos: Path, name: str) -> Work:
    """Draw what a recipe makes of photos, as calls of AugLy's functions."""
    recipe = load_recipe(name)
    plan = make_plan(recipe, open_source(str(photos), Path.cwd()))
    listed = []
    for task in plan.tasks():
        variants = task.outputs[1:]
        if variants:
            listed.append(
                Photo(
                    path=str(photos / task.source.path),
                    targets=tuple(output.file_name for output in variants),
                    variants=tuple(
                        tuple(_as_call(op, recipe) for op in output.ops) for output in variants
                    ),
                )
            )
    return Work(name, tuple(listed))


def _as_call(op: Op, recipe: Recipe) -> Call:
    """Return the call of AugLy's function that an op stands for."""
    parameters = {}
    for name, param in CATALOGUE[op.name].params.items():
        value = op.params[name]
        if param.kind in ASSET_KINDS:
            value = str(resolve_asset(param.kind, str(value), recipe.folder))
        parameters[name] = value
    return Call(op.name, parameters)


def run(command: Sequence[str]) -> tuple[float, float]:
    """Run a command; return its seconds, and the peak of the largest of its processes in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}\n{said.decode(errors='replace')}")
    per_mb = 1024**2 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_maxrss / per_mb


def commands(
    photos: Path, recipe: str, work: Path, out: Path, jobs: int, peers: Sequence[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yield the peers that can run a recipe here, each with its command."""
    for name in peers:
        if name == AUGBUILD:
            command = [sys.executable, "-m", "augbuild", "make", recipe, "--source", str(photos)]
            yield name, [*command, "--out", str(out), "-j", str(jobs), "--quiet"]
        elif name in ONLY_DEFAULT and recipe != "default":
            continue
        elif lacking := missing(name):
            print(f"{name}: not measured, without {' and '.join(lacking)}")
        else:
            program = [sys.executable, "-c", "from benchmarks.peers import main; main()", name]
            yield name, [*program, str(work), str(out), str(jobs)]


def compare(
    size: str, photos: Path, recipe: str, jobs: int, rounds: int, peers: Sequence[str]
) -> list[Result]:
    """Run all peers in turns, and return what each took."""
    with tempfile.TemporaryDirectory(prefix="augbuild-benchmark-") as folder:
        work, out = Path(folder) / "work.json", Path(folder) / "out"
        drawn = work_of(photos, recipe)
        work.write_bytes(msgspec.json.encode(drawn))
        variants = sum(len(photo.targets) for photo in drawn.photos)
        for photo in drawn.photos:
            Path(photo.path).read_bytes()  # none of them reads from a cold disk
        runs: dict[str, list[tuple[float, float]]] = {}
        named = list(commands(photos, recipe, work, out, jobs, peers))
        for _ in range(rounds):
            for name, command in named:
                runs.setdefault(name, []).append(run(command))
                made = sum(1 for _ in (out / "augmented_train").rglob("*.jpg"))
                assert made == variants, f"{name} made {made} of {variants} variants"
                shutil.rmtree(out)
    results = []
    for name, measured in runs.items():
        seconds = tuple(round(each, 3) for each, _ in measured)
        peak = max(megabytes for _, megabytes in measured)
        results.append(Result(size, recipe, name, variants, seconds, round(peak, 1)))
    return results


def print_table(results: Sequence[Result]) -> None:
    """Print the results of one size and recipe, the fastest first, in Markdown."""
    first = results[0]
    ours = next((each for each in results if each.peer == AUGBUILD), first)
    print(f"\n{first.size}, {first.recipe}: {first.variants:,} variants\n")
    print(f"| | seconds, median (all) | variants/s | time, {ours.peer} = 1 | peak MB |")
    print("|---|---|---|---|---|")
    for each in sorted(results, key=lambda result: result.median):
        spread = ", ".join(f"{seconds:.2f}" for seconds in sorted(each.seconds))
        rate = each.variants / each.median
        share = each.median / ours.median
        print(
            f"| {each.peer} | {each.median:.2f} ({spread}) | {rate:,.0f} "
            f"| {share:.2f} | {each.peak_mb:,.0f} |",
            flush=True,
        )


def main() -> None:
    """Measure what the command line asks for."""
    names = (AUGBUILD, *PEERS)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES)
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=RECIPES)
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    python = platform.python_version()
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {python}"
    print(f"{machine}, load {os.getloadavg()[0]:.2f}, {arguments.jobs} jobs")
    every: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="augbuild-benchmark-") as folder:
        for size in arguments.sizes:
            photos = arguments.photos.resolve()
            if size != "full":
                photos = resized(photos, Path(folder) / size, 10 if size == "ten" else None)
            for recipe in arguments.recipes:
                results = compare(
                    size, photos, recipe, arguments.jobs, arguments.rounds, arguments.peers
                )
                print_table(results)
                every += results
    if arguments.json:
        document = {
            "date": datetime.now(UTC).isoformat(timespec="minutes"),
            "machine": machine,
            "load_after": os.getloadavg()[0],
            "jobs": arguments.jobs,
            "results": [{**asdict(each), "median": each.median} for each in every],
        }
        arguments.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
