"""The short token that ties a running ad to the picture it was made from, by the ad's name."""

from __future__ import annotations

import hashlib
import re
from typing import Final

PREFIX: Final = "VT-"
LETTERS: Final = 8
ALPHABET: Final = "ABCDEFGHJKMNPQRSTVWXYZ"
"""Capitals that nobody mistakes for another letter or a digit: no I, L, O and U."""

_TOKEN: Final = re.compile(rf"(?<![^\W_]){PREFIX}[{ALPHABET}]{{{LETTERS}}}(?![^\W_])")
"""A token with no letter or digit on either side. A hyphen or an underscore may touch it, as ad names have them."""


def token(run_id: str, variation: int) -> str:
    """`VT-` and eight letters, the same whenever the same variation of the same run is made again.

    22⁸ tokens, 5.5 × 10¹⁰: among 10,000 ads of one account two are alike about once in 1,100 accounts.
    """
    number = int.from_bytes(hashlib.sha256(f"{run_id}/{variation}".encode()).digest(), "big")
    letters = []
    for _ in range(LETTERS):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return PREFIX + "".join(letters)


def find_in(name: str) -> str | None:
    """The token in an ad's name; None where there is none, or where two different ones leave it open."""
    found = set(_TOKEN.findall(name))
    return found.pop() if len(found) == 1 else None
