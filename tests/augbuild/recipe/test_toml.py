"""TOML from strangers: in bounded time, and what is not a recipe in a sentence."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from augbuild.errors import RecipeError
from augbuild.recipe.toml import parse_toml, read_text
from tests.augbuild.recipe.fixtures import HEAD, ONE, parse

DEEP_KEYS = f"{'a.' * 90}a = " + ("{ " + "a." * 90 + "a = ") * 5 + "1" + " }" * 5
FLIPS = '{ op = "hflip" }, '
NESTED_PICKS = f"[{'{ one_of = [' * 40}{{ op = 'hflip' }}{'] }' * 40}]"
MANY_CLASSES = "".join(f'[classes.c{number}]\ndeny = ["hflip"]\n' for number in range(20_000))
LONG_KEY = "a key has more than 100 parts, too many for a recipe"
DEEP = "values are nested more than 100 levels deep, too deep for a recipe"
HOSTILE = {
    "long_key": (".".join(["a"] * 20_000) + " = 1", LONG_KEY),
    "long_quoted_key": (".".join(['"a"', "'b'"] * 10_000) + " = 1", LONG_KEY),
    "long_spaced_key": (" . ".join(["a"] * 20_000) + " = 1", LONG_KEY),
    "long_header": (f"[[{'.'.join(['a'] * 20_000)}]]", LONG_KEY),
    "deep_list": (f"a = {'[' * 5000}{']' * 5000}", DEEP),
    "deep_table": (f"a = {'{ a = ' * 5000}1{' }' * 5000}", DEEP),
    "deep_keys_in_deep_tables": (DEEP_KEYS, DEEP),
    "long_number": (f"seed = {'9' * 5000}\n", "has a number of more than 4,300 digits"),
    "long_hexadecimal": (
        f"seed = 0x{'f' * 500_000}\n{HEAD}",
        "seed must be from 0 to 9223372036854775807 (got a huge",
    ),
    "open_strings": ('a = "' + '\\"' * 400_000, "is not TOML"),
    "open_multiline_strings": ('"""' * 300_000 + "\\", "is not TOML"),
    "nul": ("a\0 = 1", "is not TOML"),
    "not_toml": (
        "name = \nseed = 3",
        "recipes/x.toml is not TOML: Invalid value (at line 1, column 8)",
    ),
    "many_transforms": (f"{ONE}one_of = [{FLIPS * 40_000}]", "at most 250 transforms"),
    "many_classes": (
        f"{ONE}one_of = [{FLIPS * 249}]\n{MANY_CLASSES}",
        "classes.c0.deny leaves too few transforms to pick from (hflip, hflip",
    ),
    "many_unknown_keys": (
        "".join(f"seeed{number} = 1\n" for number in range(60_000)),
        'did you mean "seed"?',
    ),
    "nested_picks": (f"{ONE}one_of = {NESTED_PICKS}", "is nested more than 10 levels deep"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_recipes_end_soon_in_a_sentence(name: str) -> None:
    text, expected = HOSTILE[name]
    start = time.process_time()
    with pytest.raises(RecipeError) as caught:
        parse(text)
    assert time.process_time() - start < 5  # tomllib alone takes that long for the first two
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize(
    "text",
    [f"# {'.' * 200}\n", "# [0, 1)\n" * 200, '# "' + "a." * 200 + "\n", "# it's not\n" * 200],
)
def test_dots_and_brackets_in_comments_are_no_syntax(text: str) -> None:
    assert parse(text + HEAD).name == "x"


def test_dots_in_values_are_no_key() -> None:
    numbers = ", ".join(f"{number / 1000}" for number in range(200))
    dots = "a." * 150
    rotate = f'op = "rotate"\ndegrees = {{ choice = [{numbers}] }}'
    meme = f'op = "meme_format"\ntext = "{dots}"'
    assert len(parse(f"{ONE}{rotate}\n[[transforms]]\n{meme}").transforms) == 2


def test_as_many_parts_and_levels_as_allowed() -> None:
    assert parse_toml(".".join(["a"] * 100) + " = 1", "x")
    with pytest.raises(RecipeError, match="a key has more than 100 parts"):
        parse_toml(".".join(["a"] * 101) + " = 1", "x")
    assert parse_toml(f"a = {'[' * 99}{']' * 99}", "x")
    with pytest.raises(RecipeError, match="nested more than 100 levels deep"):
        parse_toml(f"a = {'[' * 100}{']' * 100}", "x")
    assert parse_toml(f"a = {'{ a = ' * 98}{{}}{' }' * 98}", "x")
    with pytest.raises(RecipeError, match="nested more than 100 levels deep"):
        parse_toml(f"a = {'{ a = ' * 99}{{}}{' }' * 99}", "x")


def refusal(path: Path) -> str:
    with pytest.raises(RecipeError) as caught:
        read_text(path)
    return str(caught.value)


def test_what_is_not_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my photos"
    folder.mkdir()
    assert refusal(folder) == (
        f"{folder} is a folder, not a recipe; `augbuild init '{folder}'` writes one for it"
    )
    fifo = tmp_path / "fifo.toml"
    os.mkfifo(fifo)
    assert refusal(fifo) == f"{fifo} is not a file; a recipe is a TOML file"
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("s.toml")
        assert refusal(Path("s.toml")) == "s.toml is not a file; a recipe is a TOML file"


def test_a_file_of_one_mebibyte_is_the_largest(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (1 << 20))
    assert len(read_text(large)) == 1 << 20
    large.write_bytes(b"#" * ((1 << 20) + 1))
    assert refusal(large) == f"{large} has more than 1 MiB, too much for a recipe"


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "caf\xe9"')
    assert refusal(latin) == f"{latin} is not UTF-8 text (byte 11); a recipe is a TOML file"


def test_names_that_cannot_be_opened(tmp_path: Path) -> None:
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    assert refusal(loop).startswith(f"{loop} cannot be read: ")
    long = "a" * 5000
    assert refusal(Path(long)) == f"{long} cannot be read: File name too long"
    assert refusal(Path("a\0b")) == r"'a\x00b' is not a valid path"
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "missing.toml")


def test_a_byte_order_mark_and_ends_of_lines_of_any_system(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    for end in ("\n", "\r\n", "\r"):
        file.write_bytes(b"\xef\xbb\xbf" + HEAD.replace("\n", end).encode())
        assert read_text(file) == HEAD
