"""An order of names that depends on nothing but the seed and each name."""

from __future__ import annotations

import hashlib
import unicodedata

_RANK_BYTES = 16


def rank(seed: int, purpose: str, name: str) -> bytes:
    """Return what to sort `name` by: another order for each seed and each purpose."""
    # macOS and Linux may spell one name in two ways.
    normalized = unicodedata.normalize("NFC", name)
    text = f"{seed}\x1f{purpose}\x1f{normalized}"
    digest = hashlib.sha256(text.encode()).digest()
    return digest[:_RANK_BYTES]
