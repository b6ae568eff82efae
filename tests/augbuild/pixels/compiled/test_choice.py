"""When the compiled functions are used: not for little work, and not without numba."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from augbuild.pixels.compiled import choice
from augbuild.pixels.compiled.choice import Choice, is_available

HAS_NUMBA = find_spec("numba") is not None
with_numba = pytest.mark.skipif(not HAS_NUMBA, reason="needs numba (the extra fast)")
REPOSITORY = Path(__file__).parents[4]

# Some ops, by names and sides of a square, then whether numba was imported.
PROGRAM = """
import sys
from PIL import Image
from augbuild.pixels.apply import apply
from tests.augbuild.pixels.images import default_op
for name, side in {work!r}:
    apply(Image.new("RGB", (side, side)), [default_op(name)])
print("numba" in sys.modules)
"""


def imports_numba(*work: tuple[str, int], **environment: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(work=work)],
        cwd=REPOSITORY,
        env={"PATH": "", "PYTHONPATH": str(REPOSITORY), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip() == "True"


LARGE = ("blur", 4000)


@with_numba
def test_a_large_image_pays_for_the_import_a_small_one_does_not() -> None:
    assert not imports_numba(("blur", 500), ("blur", 500))
    assert imports_numba(LARGE, LARGE)
    assert not imports_numba(LARGE)
    assert not imports_numba(("hflip", 4000), ("hflip", 4000))


@with_numba
def test_the_reference_is_not_compiled() -> None:
    assert not imports_numba(LARGE, LARGE, AUGBUILD_REFERENCE="1")


@with_numba
def test_work_is_counted_until_the_import_is_worth_it() -> None:
    waiting = Choice(worth_an_import=20 * 100 + 30 * 100 + 5)
    assert waiting.find("blur", (10, 10)) is None
    assert waiting.find("random_noise", (10, 10)) is None
    assert waiting.find("hflip", (9999, 9999)) is None
    assert waiting.find("color_jitter", (1, 1)) is None
    assert waiting.find("color_jitter", (1, 1)) is not None
    assert waiting.find("hflip", (1, 1)) is None


@pytest.fixture
def _fresh_look() -> Iterator[None]:
    """Let the test look for numba anew, and the next one, too."""
    is_available.cache_clear()
    yield
    is_available.cache_clear()


@pytest.mark.usefixtures("_fresh_look")
def test_without_numba_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _: None)
    assert Choice(worth_an_import=0).find("blur", (10, 10)) is None


@pytest.mark.usefixtures("_fresh_look")
@pytest.mark.parametrize("machine", ["arm64", "aarch64", "ppc64le"])
def test_on_other_processors_nothing_is_compiled(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert Choice(worth_an_import=0).find("blur", (10, 10)) is None


UNUSABLE = """
import logging, platform
logging.basicConfig(format="{levelname}: {message}", style="{")
from augbuild.pixels.compiled.choice import Choice
platform.machine = lambda: "x86_64"
choice = Choice(worth_an_import=0)
print(choice.find("blur", (9, 9)), choice.find("blur", (9, 9)))
"""


def test_a_numba_that_cannot_be_used_is_said_once(tmp_path: Path) -> None:
    """As one that is too old for NumPy, which says so at its import."""
    package = tmp_path / "numba"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('Numba needs NumPy 1.26 or less')")
    done = subprocess.run(
        [sys.executable, "-c", UNUSABLE],
        env={"PYTHONPATH": f"{tmp_path}:{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None None\n"
    assert done.stderr == (
        "WARNING: numba is installed but cannot be used, so this takes longer: "
        "Numba needs NumPy 1.26 or less\n"
    )
