"""The file of a box is its photo."""

from __future__ import annotations

import pickle
from pathlib import Path

from augbuild.sources.boxes.originals import BoxOriginals
from augbuild.sources.originals import FolderOriginals


def test_a_box_is_read_from_its_photo(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"photo")
    originals = BoxOriginals(FolderOriginals(tmp_path))
    box = "1.jpg#xywh=1,2,3,4"
    assert originals.read(box) == originals.read("1.jpg") == b"photo"
    assert originals.stat(box) == originals.stat("1.jpg") == FolderOriginals(tmp_path).stat("1.jpg")
    assert originals.local_path("1.jpg") == tmp_path / "1.jpg"
    assert originals.local_path(box) is None
    assert pickle.loads(pickle.dumps(originals)) == originals
