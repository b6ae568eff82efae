"""Licences by the names that Hugging Face has for them, and credits for what AugLy brings along."""

from __future__ import annotations

import pytest

from augbuild.catalogue.assets import Asset
from augbuild.dataset.about.credits import credit_assets, licence_fields


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("CC BY 4.0", "cc-by-4.0"),
        ("cc-by-sa-4.0", "cc-by-sa-4.0"),
        (" CC_BY-NC 4.0 ", "cc-by-nc-4.0"),
        ("CC0", "cc0-1.0"),
        ("CC0 1.0", "cc0-1.0"),
        ("MIT", "mit"),
        ("Apache-2.0", "apache-2.0"),
        ("ODbL-1.0", "odbl"),
    ],
)
def test_a_known_licence_has_its_identifier(given: str, name: str) -> None:
    assert licence_fields(given) == {"license": name}


@pytest.mark.parametrize("given", ["CC BY", "all rights reserved", "CC BY 4.0, see LICENSE"])
def test_any_other_is_named(given: str) -> None:
    assert licence_fields(given) == {"license": "other", "license_name": given}


def test_each_kind_of_art_is_credited_once() -> None:
    emoji: list[Asset] = [("emoji", "smileys/grinning_face"), ("emoji", "flags/flag_peru")]
    assert [*credit_assets(emoji)] == [
        "emoji: Twemoji, copyright 2020 Twitter, Inc and other contributors, "
        "CC BY 4.0 (creativecommons.org/licenses/by/4.0)"
    ]
    fonts = [*credit_assets([("font", "Raleway-Black"), ("font", "Allura-Regular")])]
    assert fonts == [
        "text in fonts that come with AugLy (Allura-Regular, Raleway-Black), "
        "each under its maker's licence"
    ]
    (template,) = credit_assets([("template", "web")])
    assert "Meta Platforms" in template
    assert [*credit_assets([])] == []
