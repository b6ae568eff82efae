"""Text for people: names escaped for terminals, Markdown and TOML; plurals, times, near misses."""

from __future__ import annotations

import difflib
import html
import json
import re
from collections.abc import Collection, Sequence

_SHOWN_CHARACTERS = 80
_LONGEST_SEARCHED = 100  # pragma: no mutate  # difflib is slow for a word of a million letters
# difflib's own 0.6 takes `path` for a misspelling of `depth`; one letter too many, too few or out
# of place in a word of four has 0.75 or more.
_LEAST_LIKENESS = 0.7
_PRINTED_BITS = 128
_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_OUTSIDE_ASCII = re.compile(r"[^ -~]")
_ACTIVE_IN_MARKDOWN = re.compile(
    r"[\\`*\[\]#|~$]|(?<![^\W_])_|_(?![^\W_])"  # an underscore within a word does nothing
)


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that `word` is probably a misspelling of."""
    shortened = word[:_LONGEST_SEARCHED].lower()
    matches = difflib.get_close_matches(shortened, known, n=1, cutoff=_LEAST_LIKENESS)
    return matches[0] if matches else None


def join_key(path: str, key: str | int) -> str:
    """Extend a key path: `transforms`, 2, `degrees` becomes `transforms[2].degrees`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    is_bare = _BARE_KEY.fullmatch(key) is not None and len(key) <= _SHOWN_CHARACTERS
    name = key if is_bare else as_toml(key)
    return f"{path}.{name}" if path else name


def as_toml(value: object) -> str:
    """Write a value as TOML would, on one line, printable and short."""
    match value:
        case bool():
            text = "true" if value else "false"
        case int() if value.bit_length() > _PRINTED_BITS:
            text = "a huge integer"  # Python refuses to print what has over 4,300 digits
        case str():
            text = toml_string(value[:_SHOWN_CHARACTERS])
        case list() | tuple():
            items = map(as_toml, value[:_SHOWN_CHARACTERS])
            text = f"[{', '.join(items)}]"
        case dict():
            pairs = [f"{join_key('', key)} = {as_toml(item)}" for key, item in value.items()]
            text = f"{{ {', '.join(pairs)} }}"
        case _:
            text = str(value)
    return shorten(text)


def toml_string(text: str) -> str:
    """Write a text as TOML would, whole; a quoted key is written like this, too."""
    # Control characters and right-to-left marks would let a recipe write on the terminal.
    quoted = json.dumps(text, ensure_ascii=False)
    return _OUTSIDE_ASCII.sub(lambda found: _toml_escape(found[0]), quoted)


def _toml_escape(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Write a count with its noun: `1 image`, `1,204 images`, `2 classes` (with `many`)."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {many or f'{noun}s'}"


def file_size(count: float) -> str:
    """Write a number of bytes to two digits or more: `950 bytes`, `1.2 MB`, `340 GB`."""
    for unit, name in _UNITS:
        # 999.6 kB would be written as 1,000 kB.
        if count >= 0.9995 * unit:
            digits = 1 if count < 9.95 * unit else 0
            return f"{count / unit:.{digits}f} {name}"
    return plural(round(count), "byte")


def duration(seconds: float) -> str:
    """Write a length of time: `6 s`, `2:13 min`, or `20:39 h` in hours and minutes."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600:,}:{whole % 3600 // 60:02} h"


def shorten(text: str, most: int = _SHOWN_CHARACTERS) -> str:
    """Cut a text that has more than `most` characters, and mark that it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def list_words(words: Sequence[str]) -> str:
    """Write one or more words as `a, b or c`."""
    *others, last = words
    if not others:
        return last
    return f"{', '.join(others)} or {last}"


def escape_markdown(text: str) -> str:
    """Write a name so that Markdown and HTML show it as it is, on one line."""
    return _ACTIVE_IN_MARKDOWN.sub(r"\\\g<0>", html.escape(visible(text), quote=False))


def visible(name: str) -> str:
    """Write a name on one line with nothing hidden in it: a newline becomes `\\n`."""
    shown = [each if each.isprintable() else escape(each) for each in name]
    return "".join(shown)


def printable(text: str) -> str:
    """Escape what could act on a terminal, all but newlines.

    Names of files and classes come from strangers.
    """
    return "\n".join(map(visible, text.split("\n")))


def escape(character: str) -> str:
    """Return Python's escape for a character, in ASCII."""
    return character.encode("unicode_escape").decode("ascii")
