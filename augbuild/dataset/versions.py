"""The versions that the bytes of a build depend on."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version

from PIL import features


@cache
def versions() -> dict[str, str]:
    """Give the version of everything that shapes an output: another one may make other bytes.

    Packages are looked up in their metadata, so nothing heavy is imported.
    """
    packages = {name: version(name) for name in ("augbuild", "augly", "numpy", "pillow")}
    codecs = {
        name: str(features.version(name))
        for name in ("freetype2", "libjpeg_turbo", "libtiff", "webp", "zlib")
    }
    return packages | codecs | {"python": ".".join(platform.python_version_tuple()[:2])}
