"""Text for people: nothing in it acts, and nothing of it is lost without a mark."""

from __future__ import annotations

import tomllib
from ast import literal_eval

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from augbuild.core.text import (
    as_toml,
    duration,
    escape,
    escape_markdown,
    file_size,
    join_key,
    list_words,
    nearest,
    plural,
    printable,
    shorten,
    toml_string,
    visible,
)

_HOSTILE = "\x1b[2J\r\x07\u202ecats\u200b\n\t\x85\u2028\ud800"


@given(st.text())
@example(_HOSTILE)
def test_printed_text_acts_on_no_terminal(text: str) -> None:
    shown = printable(text)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert shown.count("\n") == text.count("\n")


@given(st.text())
@example(_HOSTILE)
def test_visible_text_is_one_line_without_anything_hidden(text: str) -> None:
    assert visible(text).isprintable()


@given(st.text().filter(str.isprintable))
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == visible(text) == text


def test_escapes_are_those_of_python() -> None:
    assert printable("a\x1bb\nc") == "a\\x1bb\nc"
    assert visible("é€\\a\x1bb\nc") == "é€\\a\\x1bb\\nc"
    assert escape("\u202e") == "\\u202e"


@given(st.characters())
def test_escape_of_a_character_is_read_back_by_python(character: str) -> None:
    assert literal_eval(f'"{escape(character)}"' if character not in '"\\' else '"x"') in {
        character,
        "x",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain_name", "plain_name"),
        ("_both_", r"\_both\_"),
        ("a_ b", r"a\_ b"),
        ("*bold* [link](x)", r"\*bold\* \[link\](x)"),
        ("`code` #1 a|b ~~ $x$", r"\`code\` \#1 a\|b \~\~ \$x\$"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("a\nb", r"a\\nb"),
        ("\"it's\"", "\"it's\""),
        ("back\\slash", r"back\\slash"),
    ],
)  # fmt: skip
def test_markdown_shows_names_as_they_are(text: str, shown: str) -> None:
    assert escape_markdown(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (0.5, "0.5"),
        ("a", '"a"'),
        ('a"b\\', r'"a\"b\\"'),
        ("\x1b", r'"\u001b"'),
        ("\u202e", r'"\u202e"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("\uffff", r'"\uffff"'),
        ("€", '"€"'),
        ([1, "a"], '[1, "a"]'),
        ((1,), "[1]"),
        ({"a": 1, "b c": {"d": []}}, '{ a = 1, "b c" = { d = [] } }'),
        (2**128 - 1, str(2**128 - 1)),
        (2**128, "a huge integer"),
        (10**5000, "a huge integer"),
        ("x" * 200, '"' + "x" * 78 + "…"),
        ([1] * 200, "[" + "1, " * 26 + "…"),
    ],
    ids=lambda each: repr(each)[:20] if isinstance(each, str) else type(each).__name__,
)
def test_values_are_shown_as_toml(value: object, shown: str) -> None:
    assert as_toml(value) == shown


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.lists(st.integers(0, 9), max_size=5)
    | st.dictionaries(st.sampled_from(["a", "b c", "d"]), st.integers(0, 9), max_size=3)
)
def test_short_values_are_valid_toml(value: object) -> None:
    shown = as_toml(value)
    if not shown.endswith("…"):
        assert tomllib.loads(f"key = {shown}") == {"key": value}


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("\x7f\\\"'\r\n\x00\U0001f600\u202e" * 100)
def test_a_text_of_any_length_is_a_toml_value_and_key(text: str) -> None:
    written = toml_string(text)
    assert written.isprintable()
    assert tomllib.loads(f"key = {written}") == {"key": text}
    assert tomllib.loads(f"[classes.{written}]") == {"classes": {text: {}}}


@given(st.text())
@example(_HOSTILE)
def test_toml_is_short_and_acts_on_no_terminal(text: str) -> None:
    assert as_toml(text).isprintable()
    assert len(as_toml(text)) <= 80


@pytest.mark.parametrize(
    ("path", "key", "joined"),
    [
        ("transforms", 2, "transforms[2]"),
        ("transforms[2]", "degrees", "transforms[2].degrees"),
        ("", "name", "name"),
        ("a", "b c", 'a."b c"'),
        ("a", "", 'a.""'),
        ("a", "x" * 80, "a." + "x" * 80),
        ("a", "x" * 81, 'a."' + "x" * 78 + "…"),
        ("", 0, "[0]"),
    ],
)
def test_key_paths(path: str, key: str | int, joined: str) -> None:
    assert join_key(path, key) == joined


@pytest.mark.parametrize(
    ("count", "noun", "many", "shown"),
    [
        (0, "image", None, "0 images"),
        (1, "image", None, "1 image"),
        (2, "image", None, "2 images"),
        (1204, "image", None, "1,204 images"),
        (1, "class", "classes", "1 class"),
        (2, "class", "classes", "2 classes"),
    ],
)
def test_plurals(count: int, noun: str, many: str | None, shown: str) -> None:
    assert plural(count, noun, many) == shown


def test_long_text_is_cut_and_marked() -> None:
    assert shorten("x" * 80) == "x" * 80
    assert shorten("x" * 81) == "x" * 79 + "…"
    assert shorten("abcdef", 3) == "ab…"


@pytest.mark.parametrize(
    ("words", "shown"), [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")]
)
def test_lists_of_words(words: list[str], shown: str) -> None:
    assert list_words(words) == shown


def test_nearest_word_is_found_and_a_far_one_is_not() -> None:
    known = ["rotate", "hflip", "vflip"]
    assert nearest("rotat", known) == "rotate"
    assert nearest("ROTATE", known) == "rotate"
    assert nearest("xyz", known) is None
    assert nearest("depth", ["path"]) is None
    assert nearest("pth", ["path"]) == nearest("apth", ["path"]) == "path"
    assert nearest("rotate" + "x" * 10**7, known) is None  # and in no time


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_940, "9.9 kB"),
        (9_960, "10 kB"),
        (999_400, "999 kB"),
        (999_600, "1.0 MB"),
        (2_340_000_000, "2.3 GB"),
        (4e15, "4000 TB"),
    ],
)
def test_sizes_of_files(count: float, written: str) -> None:
    assert file_size(count) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1:00 min"),
        (133, "2:13 min"),
        (3599.4, "59:59 min"),
        (3600, "1:00 h"),
        (74_331, "20:38 h"),
        (4_000_000, "1,111:06 h"),
    ],
)
def test_durations_have_their_unit(seconds: float, written: str) -> None:
    assert duration(seconds) == written
