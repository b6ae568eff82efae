"""Names come from strangers: what they may do to a chart or a page is decided here."""

from __future__ import annotations


def visible(name: str) -> str:
    """Write what cannot be seen in a name, or would turn the text around it, as an escape: a newline as `\\n`."""
    return "".join(character if character.isprintable() else escape(character) for character in name)


def escape(character: str) -> str:
    """Give a character as Python's escape for it, in ASCII."""
    return character.encode("unicode_escape").decode("ascii")
