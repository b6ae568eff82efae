"""Text for people: names escaped for terminals, Markdown and TOML; plurals, lists and near misses."""

from __future__ import annotations

import difflib
import html
import json
import re
from collections.abc import Collection, Sequence

_SHOWN_CHARACTERS = 80
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_UNPRINTABLE = re.compile(r"[^ -~]")


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that `word` is probably a misspelling of."""
    matches = difflib.get_close_matches(word[:100].lower(), sorted(known), n=1)
    return matches[0] if matches else None


def join_key(path: str, key: str | int) -> str:
    """Extend a key path: `transforms`, 2, `degrees` becomes `transforms[2].degrees`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    name = key if _BARE_KEY.fullmatch(key) and len(key) <= _SHOWN_CHARACTERS else as_toml(key)
    return f"{path}.{name}" if path else name


def as_toml(value: object) -> str:
    """Write a value as TOML would, on one line, printable and short."""
    text = _as_toml(value)
    return shorten(text)


def _as_toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() if value.bit_length() > 128:
            return "a huge integer"  # Python refuses to print what has over 4,300 digits
        case str():
            # Control characters and right-to-left marks would let a recipe write on the terminal.
            text = json.dumps(value[:_SHOWN_CHARACTERS], ensure_ascii=False)
            return _UNPRINTABLE.sub(lambda match: _escape(match[0]), text)
        case list() | tuple():
            return f"[{', '.join(as_toml(item) for item in value[:_SHOWN_CHARACTERS])}]"
        case dict():
            return (
                "{ "
                + ", ".join(f"{join_key('', key)} = {as_toml(item)}" for key, item in value.items())
                + " }"
            )
    return str(value)


def _escape(character: str) -> str:
    return character if character.isprintable() else f"\\u{ord(character):04x}"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Write a count with its noun: `1 image`, `1,204 images`, `2 classes` (with `many`)."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"


def shorten(text: str, most: int = _SHOWN_CHARACTERS) -> str:
    """Cut a text that has more than `most` characters, and mark that it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def list_words(words: Sequence[str]) -> str:
    """Write `a, b or c`."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


_ACTS = re.compile(
    r"[\\`*\[\]#|~$]|(?<![^\W_])_|_(?![^\W_])"
)  # an underscore within a word does not


def escape_markdown(text: str) -> str:
    """Write a name so that Markdown and HTML show it as it is, on one line."""
    return _ACTS.sub(r"\\\g<0>", html.escape(visible(text), quote=False))


def visible(name: str) -> str:
    """Write what cannot be seen in a name, or would turn the text around it, as an escape: a newline as `\\n`."""
    return "".join(
        character if character.isprintable() else escape(character) for character in name
    )


def escape(character: str) -> str:
    """Give a character as Python's escape for it, in ASCII."""
    return character.encode("unicode_escape").decode("ascii")


def printable(text: str) -> str:
    """Escape what could act on a terminal: names of files and classes come from strangers."""
    return "".join(
        each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text
    )
