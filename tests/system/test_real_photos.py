"""Builds of real photos, where they are at hand: the numbers that the documents name."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.building.outlook import plan_build
from augbuild.dataset.info import read_info
from augbuild.dataset.manifest import read_manifest
from tests.conftest import REPOSITORY, photo, photos, tree, write_recipe

GOLDEN = REPOSITORY / "tests" / "golden"
GENTLE = """
name = "gentle"
[source]
path = "photos"
[split]
test = 0.0
group = "none"
[output]
path = "out"
[augment]
variants = 2
[[transforms]]
op = "color_jitter"
brightness_factor = { uniform = [0.8, 1.2] }
"""


BUILD = """
import re, sys
from pathlib import Path
from augbuild.building.build import build
report = build('default', source=sys.argv[1], out=sys.argv[2], n_jobs=2)
assert 'augly' not in sys.modules and 'torch' not in sys.modules
# Not getrusage, in which a child begins with what its parent had before exec.
peak = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())
print(report.made, len(report.rejected), peak[1])
"""


@pytest.fixture(scope="module")
def cats_dogs(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """A folder of links to the 697 photos, to which one may be added."""
    folder = tmp_path_factory.mktemp("cats-dogs") / "photos"
    for path in (shared_data / "cats-dogs").rglob("*.jpg"):
        link = folder / path.relative_to(shared_data / "cats-dogs")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def built(cats_dogs: Path) -> tuple[Path, str]:
    """The tree that the default recipe makes of them with two workers, and what was printed."""
    out = cats_dogs.parent / "out"
    command = [sys.executable, "-c", BUILD, str(cats_dogs), str(out)]
    return out, subprocess.run(command, capture_output=True, text=True, check=True).stdout


def files_of(out: Path) -> dict[str, tuple[int, int]]:
    """Return for each file of a tree which it is, and when it was written."""
    files = (path for path in out.rglob("*") if path.is_file() and ".augbuild" not in path.parts)
    return {
        path.relative_to(out).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in files
    }


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(),
    reason="reads its memory from /proc, which this system lacks",
)
def test_cats_and_dogs_with_two_workers_in_little_memory(built: tuple[Path, str]) -> None:
    out, printed = built
    made, rejected, kilobytes = map(int, printed.split())
    assert (made, rejected) == (2368, 0)
    # Of it some 40 MB are what the search for near-duplicates keeps of 697 photos.
    assert kilobytes < 180_000
    rows = Counter(
        (record.split, record.origin) for record in read_manifest(out / "manifest.jsonl")
    )
    assert rows == {("train", "source"): 557, ("train", "augmented"): 1671, ("test", "source"): 140}
    assert sum(1 for path in (out / "augmented_train").rglob("*") if path.is_file()) == 1671


def test_second_run_touches_nothing_and_one_more_photo_makes_its_own(
    built: tuple[Path, str], cats_dogs: Path
) -> None:
    out, _ = built
    before = files_of(out)
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        sys.executable,
        "-m",
        "augbuild",
        "make",
        "default",
        "--source",
        str(cats_dogs),
        "--out",
        str(out),
    ]
    done = subprocess.run(
        [*command, "--json"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = json.loads(done.stdout)
    assert (report["made"], report["kept"], files_of(out)) == (0, 2368, before)
    # Seconds of the processor: those of the clock depend on what else the machine does.
    assert end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime < 1.5

    photo(cats_dogs / "train" / "cats" / "one_more.jpg", 4711)
    subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True)
    after = files_of(out)
    changed = {name for name in after if after[name] != before.get(name)}
    described = {"README.md", "counts.png", "dataset.json", "manifest.jsonl"}
    assert described < changed
    assert sorted(name.split("/")[0] for name in changed - described) == [
        *["augmented_train"] * 3,
        "train",
    ]
    assert all("/cats/one_more_" in name for name in changed - described)
    assert before.keys() < after.keys()


def test_lab_keeps_the_twins_together(tmp_path: Path, shared_data: Path) -> None:
    outlook = plan_build(
        "lab", source=str(shared_data / "cats-dogs" / "test"), out=tmp_path / "out"
    )
    assert outlook.counts == {
        "train": {"cats": 56, "dogs": 56},
        "augmented_train": {"cats": 168, "dogs": 168},
        "test": {"cats": 14, "dogs": 14},
    }
    report = build(
        "lab", source=str(shared_data / "cats-dogs" / "test"), out=tmp_path / "out", n_jobs=2
    )
    assert (report.made, len(report.rejected)) == (112 + 28 + 336, 0)
    splits = {Path(r.source).stem: r.split for r in read_manifest(report.out / "manifest.jsonl")}
    for first, second in (("cat_203", "cat_446"), ("cat_464", "cat_468"), ("dog_219", "dog_443")):
        assert splits[first] == splits[second]


def test_nasty_files_are_rejected_by_name_and_all_others_give_their_variants(
    tmp_path: Path, shared_data: Path
) -> None:
    write_recipe(tmp_path, GENTLE)
    photos(tmp_path / "photos", {"plain": 2})
    (tmp_path / "photos" / "nasty").symlink_to(shared_data / "nasty")
    report = build(tmp_path / "recipe.toml", n_jobs=2)
    rejected = {each.source: each.reason for each in report.rejected}
    golden = json.loads((GOLDEN / "nasty_rejected.json").read_text(encoding="utf-8"))
    assert rejected == golden
    made = Counter(record.source for record in read_manifest(report.out / "manifest.jsonl"))
    assert set(made.values()) == {3}
    info = read_info(report.out)
    files = sum(1 for path in (shared_data / "nasty").rglob("*") if path.is_file())
    assert len(made) + len(rejected) + sum(info.ignored.values()) == files + 2
    assert not [name for name in tree(report.out) if name.endswith(".partial")]


@pytest.mark.parametrize("command", [["check"], ["plan"]])
def test_check_and_plan_look_at_697_photos_without_augly(
    shared_data: Path, command: list[str]
) -> None:
    script = (
        "import sys\nfrom augbuild.cli import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'augly', 'matplotlib', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    arguments = [*command, "default", "--source", str(shared_data / "cats-dogs")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "1,671" in done.stdout or "697" in done.stdout


def test_labs_batches(tmp_path: Path, shared_data: Path) -> None:
    """112 and 336 training images at the default batch size are the lab's 4 and 11 batches."""
    from trainer.data.order import epochs_order
    from trainer.training.config import FitConfig
    from trainer.training.fit import choose_samples

    out = build(
        "lab", source=str(shared_data / "cats-dogs" / "test"), out=tmp_path / "out", n_jobs=2
    ).out
    batches = {}
    for train_on in ("original", "augmented"):
        config = FitConfig(str(out / "manifest.jsonl"), train_on=train_on)
        chosen = choose_samples(config)
        assert len(chosen.test) == 28
        order = epochs_order(chosen.train, config.batch_size, config.seed)
        batches[len(chosen.train)] = order.batches_per_pass
    assert batches == {112: 4, 336: 11}
