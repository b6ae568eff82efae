"""What several test modules share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, settings
from PIL import Image

# A machine that does other work, too, is slow now and then; that is no fault of what is tested.
settings.register_profile("augbuild", deadline=None)
# benchmarks/mutants.py asks only whether a test fails, so no failure is made small first.
settings.register_profile(
    "mutants", deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)
settings.load_profile("augbuild")

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos beside the repository; tests that need it are skipped where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real photos of ../shared/data")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _state_of_all_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's own ledger of looks out of it, for fixtures of whole modules, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def _state_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Let no test count the looks of another."""
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
