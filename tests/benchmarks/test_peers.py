"""Each peer writes every variant once, and the floor is what decoding and encoding take."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.peers import PEERS, Call, Photo, Work, missing
from tests.conftest import photo


@pytest.fixture
def work(tmp_path: Path) -> Work:
    listed = []
    for number in range(3):
        path = photo(tmp_path / f"{number}.png", number)
        targets = (f"cats/{number}_a.jpg", f"cats/{number}_b.jpg")
        flip = (Call("hflip", {}),)
        listed.append(Photo(str(path), targets, (flip, ())))
    return Work("default", tuple(listed))


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_writes_every_variant(name: str, work: Work, tmp_path: Path) -> None:
    if lacking := missing(name):
        assert lacking <= ["albumentations", "cv2"]
        return
    out = tmp_path / "out"
    jobs = 0 if name == "torchvision v2" else 1
    assert PEERS[name](work, out, jobs) == 6
    assert len(list(out.rglob("*.jpg"))) == 6


def test_calls_are_made(work: Work, tmp_path: Path) -> None:
    PEERS["lab loop"](work, tmp_path / "out", 1)
    with (
        Image.open(tmp_path / "out" / "cats" / "0_a.jpg") as flipped,
        Image.open(tmp_path / "out" / "cats" / "0_b.jpg") as plain,
    ):
        assert flipped.size == plain.size == (40, 30)
        assert flipped.tobytes() != plain.tobytes()
