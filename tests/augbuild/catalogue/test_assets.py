"""Bundled assets by name, images below the recipe's folder, and nothing else."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path

import pytest

from augbuild.catalogue.assets import asset_sha256, assets_of, bundled_assets, resolve_asset
from augbuild.catalogue.transforms import Kind


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recipe's folder with two images in it, and one beside it."""
    inside = tmp_path / "recipes"
    (inside / "logos").mkdir(parents=True)
    (inside / "watermark.png").write_bytes(b"1")
    (inside / "logos" / "ours.png").write_bytes(b"22")
    (tmp_path / "secret.png").write_bytes(b"333")
    return inside


@pytest.mark.parametrize(
    ("kind", "name", "tail"),
    [
        ("emoji", "smileys/grinning_face", "twemojis/smileys/grinning_face.png"),
        ("font", "Raleway-ExtraBold", "fonts/Raleway-ExtraBold.ttf"),
        ("template", "web", "screenshot_templates/web.png"),
        ("template", "mobile", "screenshot_templates/mobile.png"),
    ],
)
def test_bundled_assets_are_found_by_name(kind: Kind, name: str, tail: str) -> None:
    path = resolve_asset(kind, name, None)
    assert path.is_file()
    assert path.as_posix().endswith(f"augly/assets/{tail}")


@pytest.mark.parametrize(("kind", "count"), [("emoji", 872), ("font", 364), ("template", 2)])
def test_all_bundled_assets_are_listed_in_order(kind: Kind, count: int) -> None:
    names = list(bundled_assets(kind))
    assert len(names) == count
    assert names == sorted(names)
    assert all(resolve_asset(kind, name, None).is_file() for name in names)


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        (
            "emoji",
            "smileys/grining_face",
            'is not an emoji that comes with AugLy; did you mean "smileys/grinning_face"?',
        ),
        (
            "font",
            "Raleway-ExtraBald",
            'is not a font that comes with AugLy; did you mean "Raleway-ExtraBold"?',
        ),
        (
            "template",
            "ab",
            "is not a template that comes with AugLy; there are 2, such as mobile, web",
        ),
        (
            "font",
            "../fonts/Raleway-ExtraBold",
            'is not a font that comes with AugLy; did you mean "Raleway-ExtraBold"?',
        ),
        (
            "font",
            "list",
            "is not a font that comes with AugLy; there are 364, such as AlexBrush-Regular, ",
        ),
        (
            "font",
            "http://host/x.ttf",
            "is not a font that comes with AugLy; there are 364, such as",
        ),
        ("emoji", "/etc/passwd", "is not an emoji that comes with AugLy;"),
        ("emoji", "", "is not an emoji that comes with AugLy; there are 872, such as activity/"),
        ("template", "w\0eb", "is not a template that comes with AugLy;"),
        ("emoji", "x" * 100_000, "is not an emoji that comes with AugLy; there are 872"),
    ],
)
def test_only_bundled_names_are_bundled_assets(kind: Kind, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        resolve_asset(kind, name, Path("/"))


@pytest.mark.parametrize(
    "name", ["watermark.png", "logos/ours.png", "./watermark.png", "logos//ours.png"]
)
def test_images_below_the_recipes_folder_are_found(folder: Path, name: str) -> None:
    assert resolve_asset("image", name, folder) == folder / name


SHAPE = "must be a relative path with forward slashes to an image below the recipe's folder"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("https://host/x.png", SHAPE),
        ("file:///etc/passwd", SHAPE),
        ("/etc/passwd", SHAPE),
        ("//host/share/x.png", SHAPE),
        ("../secret.png", SHAPE),
        ("logos/../../secret.png", SHAPE),
        ("logos/../watermark.png", SHAPE),
        ("C:/x.png", SHAPE),
        ("C:x.png", SHAPE),
        ("logos\\ours.png", SHAPE),
        ("..\\secret.png", SHAPE),
        ("water\0mark.png", SHAPE),
        ("out.png", "leads out of the recipe's folder"),
        ("outside/secret.png", "leads out of the recipe's folder"),
        ("outside/missing.png", "leads out of the recipe's folder"),
        ("loop.png", "is not a file that can be opened"),
        ("x" * 5000, "is not a file that can be opened"),
        ("\ud800.png", "is not a file that can be opened"),
        ("logos", "is not a file in {folder}; there are 2, such as out.png, watermark.png"),
        ("", "is not a file in {folder};"),
        (".", "is not a file in {folder};"),
        ("pipe", "is not a file in {folder};"),
        ("watermark.pgn", 'is not a file in {folder}; did you mean "watermark.png"?'),
        ("logos/our.png", 'is not a file in {folder}; did you mean "logos/ours.png"?'),
        ("logos/zzz", "is not a file in {folder}; there are 1, such as logos/ours.png"),
        ("nowhere/x.png", "is not a file in {folder}; there are no files"),
    ],
)
def test_nothing_else_is_an_image_of_the_recipe(folder: Path, name: str, message: str) -> None:
    (folder / "out.png").symlink_to(folder.parent / "secret.png")
    (folder / "outside").symlink_to(folder.parent)
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "pipe")
    with pytest.raises(ValueError, match=f"^{re.escape(message.format(folder=folder))}"):
        resolve_asset("image", name, folder)


def test_links_within_the_folder_are_followed(folder: Path) -> None:
    (folder / "current.png").symlink_to(folder / "logos" / "ours.png")
    assert resolve_asset("image", "current.png", folder).read_bytes() == b"22"


def test_the_recipes_folder_may_itself_be_behind_a_link(folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    assert resolve_asset("image", "watermark.png", folder.parent / "link").is_file()


def test_an_image_needs_a_folder_to_be_found_in() -> None:
    with pytest.raises(
        ValueError, match="names an image, but there is no recipe folder to look for it in"
    ):
        resolve_asset("image", "watermark.png", None)


def test_hashes_follow_the_file(folder: Path) -> None:
    path = folder / "watermark.png"
    assert asset_sha256(path) == hashlib.sha256(b"1").hexdigest()
    path.write_bytes(b"2")
    os.utime(path, ns=(1, 1))
    assert asset_sha256(path) == hashlib.sha256(b"2").hexdigest()


def test_without_augly_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "augly", None)  # as if it were not installed
    bundled_assets.cache_clear()
    with pytest.raises(ValueError, match="AugLy is not installed; pip install augly"):
        resolve_asset("font", "Raleway-ExtraBold", None)


def test_assets_of_an_op_are_those_that_come_with_augly() -> None:
    emoji = {"op": "overlay_emoji", "emoji_path": "smileys/smirking_face", "opacity": 1.0}
    assert [*assets_of(emoji)] == [("emoji", "smileys/smirking_face")]
    own = {"op": "overlay_image", "overlay": "mark.png"}
    for op in (own, {"op": "hflip"}, {"op": "of_another_version"}, {"op": "overlay_emoji"}):
        assert [*assets_of(op)] == []
