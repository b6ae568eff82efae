"""Whose pictures these are: licences by Hugging Face's names, and art that comes with AugLy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from augbuild.catalogue.assets import TWEMOJI, Asset

# The licences of data and pictures among those that Hugging Face's dataset cards may name:
# https://huggingface.co/docs/hub/repositories-licenses
_KNOWN_LICENCES = frozenset(
    {
        "apache-2.0",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cc-by-nd-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "cdla-sharing-1.0",
        "gfdl",
        "gpl-3.0",
        "mit",
        "odbl",
        "odc-by",
        "openrail",
        "pddl",
        "unlicense",
    }
)
_ALIASES = {
    "cc0": "cc0-1.0",
    "odbl-1.0": "odbl",
    "odc-by-1.0": "odc-by",
    "pddl-1.0": "pddl",
}
_SEPARATORS = re.compile(r"[\s_]+")


def licence_fields(licence: str) -> dict[str, str]:
    """Return a licence as the front matter of a dataset card names it.

    "CC BY 4.0" is `cc-by-4.0`; what Hugging Face has no name for is `other`, with the name given.
    """
    name = _SEPARATORS.sub("-", licence.strip()).lower()
    name = _ALIASES.get(name, name)
    if name in _KNOWN_LICENCES:
        return {"license": name}
    return {"license": "other", "license_name": licence}


def credit_assets(assets: Iterable[Asset]) -> Iterator[str]:
    """Yield a line of credit for each kind of art that was painted into images."""
    names: dict[str, set[str]] = {}
    for kind, name in assets:
        names.setdefault(kind, set()).add(name)
    if "emoji" in names:
        yield f"emoji: {TWEMOJI}"
    if "template" in names:
        yield (
            "screenshot templates: made for AugLy, copyright Meta Platforms, Inc. and affiliates, "
            "MIT licence"
        )
    if "font" in names:
        fonts = ", ".join(sorted(names["font"]))
        yield f"text in fonts that come with AugLy ({fonts}), each under its maker's licence"
