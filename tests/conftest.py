"""What several test modules share: small pictures, recipes, and the rules for every test."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, settings
from PIL import Image

# A busy machine is slow now and then; that is no fault of what is tested.
settings.register_profile("augbuild", deadline=None)
# benchmarks/mutants.py asks only whether a test fails, so no failure is made small first.
settings.register_profile(
    "mutants", deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)
settings.load_profile("augbuild")

REPOSITORY = Path(__file__).parents[1]


# They watch processes and clocks, so `make test` runs them after all others, one at a time.
# (pytest-xdist's groups would do, but version 3.8 does not see them with pytest 9.2.)
ALONE = (
    "tests/augbuild/core/test_pool.py",
    "tests/augbuild/core/test_signals.py",
    "tests/system/test_crash.py",
    "tests/system/test_real_photos.py",
    "tests/system/test_soak.py",
)

# Why a test may be skipped where CI is set; any other skip fails there, so that none goes unseen.
EXPECTED_SKIPS = [
    r"real photos",  # they are not published with the repository
    r"\broot\b",  # some tests need not to be root, and some to be root
    r"may not mount",
    r"without pillow-heif",  # `make test` installs it: here what is read with it is tested
]
if sys.platform != "linux":
    EXPECTED_SKIPS += [r"/proc", r"/dev/shm", r"strace"]


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that have to run alone, and give them and slow tests more time."""
    for item in items:
        if item.path.relative_to(REPOSITORY).as_posix() in ALONE:
            item.add_marker("alone")
            item.add_marker(pytest.mark.timeout(600))  # 94 s were seen on a machine that was busy
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that is skipped without a reason, or in CI for one that is not expected."""
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that is skipped as a whole for a reason that is not expected."""
    report = yield
    refuse_skip(report)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure where it has no good reason."""
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return
    reason = report.longrepr[2].removeprefix("Skipped: ")
    expected = any(re.search(pattern, reason) for pattern in EXPECTED_SKIPS)
    if reason in {"", "unconditional skip", "Skipped"}:
        report.outcome = "failed"
        report.longrepr = "skipped without a reason: say why this test cannot run"
    elif os.environ.get("CI") == "true" and not expected:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI ({reason}): see EXPECTED_SKIPS in tests/conftest.py"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real photos beside the repository; skip the test where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real photos of ../shared/data")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _state_of_all_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's own ledger of looks out of the tests, and of fixtures of whole modules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _state_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep the looks of one test out of the count of another."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


RECIPE = """
name = "tiny"
seed = 7
[source]
path = "photos"
[split]
test = 0.25
group = "none"
[output]
path = "out"
[augment]
variants = 2
[[transforms]]
op = "rotate"
degrees = { uniform = [-20, 20] }
[[transforms]]
op = "hflip"
p = 0.5
[[transforms]]
op = "random_noise"
var = 0.001
"""


def photo(path: Path, seed: int, size: tuple[int, int] = (40, 30)) -> Path:
    """Make a small picture that is like no other: coarse blocks of colour."""
    blocks = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def photos(folder: Path, classes: Mapping[str, int], suffix: str = ".png") -> Path:
    """Make a folder of class folders with so many pictures each."""
    for number, (label, count) in enumerate(classes.items()):
        for index in range(count):
            photo(folder / label / f"{label}_{index}{suffix}", 1000 * number + index)
    return folder


def tree(out: Path) -> dict[str, bytes]:
    """Read a whole output tree, all but its private folder."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in files
        if ".augbuild" not in path.parts
    }


def write_recipe(folder: Path, text: str = RECIPE) -> Path:
    """Write a recipe into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path
