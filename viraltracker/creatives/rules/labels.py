"""Cues of the other labels of a copy: offer, proof, angle, persona, and what it asks the reader to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from viraltracker.creatives import taxonomy
from viraltracker.creatives.rules.cues import load, pattern
from viraltracker.creatives.rules.opening import straight

Table = Literal["offer", "proof", "angle", "ask"]


@dataclass(frozen=True)
class Match:
    """A label with the words that argue for it."""

    label: str
    quote: str


CTA_OF_META: Final[Mapping[str, str]] = {
    "SHOP_NOW": "buy", "BUY_NOW": "buy", "ORDER_NOW": "buy", "BUY": "buy", "PLAY_GAME": "buy", "BUY_TICKETS": "buy",
    "GET_OFFER": "get_offer", "GET_QUOTE": "get_offer", "GET_PROMOTIONS": "get_offer", "GET_OFFER_VIEW": "get_offer",
    "SUBSCRIBE": "subscribe", "SIGN_UP": "sign_up", "JOIN_GROUP": "sign_up", "REGISTER_NOW": "sign_up",
    "START_ORDER": "buy", "GET_STARTED": "sign_up", "TRY_IT": "sign_up", "APPLY_NOW": "apply",
    "BOOK_TRAVEL": "book", "BOOK_NOW": "book", "REQUEST_TIME": "book", "GET_SHOWTIMES": "book",
    "BOOK_A_CONSULTATION": "book", "MAKE_AN_APPOINTMENT": "book",
    "CONTACT_US": "contact", "CALL_NOW": "contact", "CALL": "contact", "MESSAGE_PAGE": "contact",
    "WHATSAPP_MESSAGE": "contact", "GET_DIRECTIONS": "contact", "INQUIRE_NOW": "contact", "CONTACT": "contact",
    "DOWNLOAD": "download", "INSTALL_MOBILE_APP": "download", "INSTALL_APP": "download", "USE_APP": "download",
    "DONATE_NOW": "donate", "DONATE": "donate", "LEARN_MORE": "learn", "SEE_MORE": "learn", "WATCH_MORE": "learn",
    "WATCH_VIDEO": "learn", "LISTEN_NOW": "learn", "OPEN_LINK": "learn", "VIEW_PRODUCT": "learn", "SEE_MENU": "learn",
    "READ_MORE": "learn", "NO_BUTTON": "none",
}  # fmt: skip
"""Meta's call-to-action types, as its Marketing API names them, by what they ask."""


@cache
def table(name: Table) -> Sequence[tuple[str, re.Pattern[str]]]:
    """The labels of a list in `label_cues.toml` with their patterns, in the order in which they win."""
    file = load("label_cues.toml")
    return tuple((row["label"], pattern(row["patterns"], file["words"])) for row in file[name])


def first(name: Table, text: str) -> Match | None:
    """The first label of a list, in its order, that the text has words for."""
    plain = straight(text)
    for label, cue in table(name):
        if found := cue.search(plain):
            return Match(label, text[found.start() : found.end()])
    return None


def most(name: Table, opening: str, whole: str) -> Match | None:
    """The label with most words for it, those of the opening counted thrice; the earlier in the list on a tie."""
    best: tuple[int, Match] | None = None
    for label, cue in table(name):
        in_opening, anywhere = _quotes(cue, opening), _quotes(cue, whole)
        count = 3 * len(in_opening) + len(anywhere)
        if count and (best is None or count > best[0]):
            best = (count, Match(label, (in_opening + anywhere)[0]))
    return best[1] if best else None


def persona(opening: str) -> Match | None:
    """Whom the opening says it is for, in its own words and lower case."""
    plain = straight(opening)
    for cue in _personas():
        if found := cue.search(plain):
            said = " ".join(opening[found.start(1) : found.end(1)].lower().split())
            return Match(said[: taxonomy.PERSONA_LONGEST], opening[found.start() : found.end()])
    return None


@cache
def _personas() -> tuple[re.Pattern[str], ...]:
    file = load("label_cues.toml")
    return tuple(pattern([alternative], file["words"]) for row in file["persona"] for alternative in row["patterns"])


def _quotes(cue: re.Pattern[str], text: str) -> list[str]:
    return [text[found.start() : found.end()] for found in cue.finditer(straight(text))]
