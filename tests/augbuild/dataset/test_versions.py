"""The versions that a build depends on, and how others are named."""

from __future__ import annotations

import platform
from importlib.metadata import version

from augbuild.dataset.versions import other_versions, versions


def test_libraries_codecs_and_python_are_named() -> None:
    found = versions()
    assert list(found) == [
        "augbuild", "augly", "numpy", "pillow",
        "freetype2", "libjpeg_turbo", "libtiff", "webp", "zlib", "python",
    ]  # fmt: skip
    assert found["pillow"] == version("pillow")
    assert platform.python_version().startswith(found["python"] + ".")


def test_other_versions_are_named_with_those_of_now() -> None:
    now = versions()
    assert other_versions(now) == []
    assert other_versions({**now, "pillow": "9.1.0"}) == [f"pillow 9.1.0 (now {now['pillow']})"]
    without = {name: value for name, value in now.items() if name != "zlib"}
    assert other_versions(without) == [f"zlib None (now {now['zlib']})"]
    assert other_versions({**now, "gone": "1"}) == []
