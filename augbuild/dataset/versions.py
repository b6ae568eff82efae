"""The versions that the bytes of a build depend on."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

from PIL import features

_PACKAGES = ("augbuild", "augly", "numpy", "pillow")
_CODECS = ("freetype2", "libjpeg_turbo", "libtiff", "webp", "zlib")


@cache
def versions() -> dict[str, str]:
    """Return the version of everything that shapes an output: another one may make other bytes.

    Packages are looked up in their metadata, so nothing heavy is imported.
    """
    found = {}
    for name in _PACKAGES:
        found[name] = version(name)
    for name in _CODECS:
        found[name] = str(features.version(name))
    found["python"] = ".".join(platform.python_version_tuple()[:2])
    return found


def other_versions(then: Mapping[str, str]) -> list[str]:
    """List the libraries whose versions are no longer those of a build: `pillow 11 (now 12)`."""
    differing = []
    for name, now in versions().items():
        if then.get(name) != now:
            differing.append(f"{name} {then.get(name)} (now {now})")
    return differing
