"""Congruence by rules: words in common, the same offer, the same kind of proof, the same register.

No key, no network, and a sentence for each score that says what was compared. Rules see wording, not meaning: a page
that keeps a promise in other words scores lower here than a reader would give.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final

from viraltracker.creatives import names
from viraltracker.creatives.congruence.components import CongruenceAnswer, CongruenceInput, Judged
from viraltracker.creatives.readings import QUOTE_LONGEST
from viraltracker.creatives.rules import labels
from viraltracker.creatives.rules.opening import LONGEST_READ, opening, straight, words

_SUFFIX: Final = re.compile(r"(?:'s|ings?|edly|ed|ies|es|s|ly)$")
_FIGURE: Final = re.compile(r"(?:[£$€]\s?)?\d[\d,.]*\s?%?")
_EXCITED: Final = re.compile(r"!|[\U0001F300-\U0001FAFF\u2600-\u27BF]")
_PERSONAL: Final = frozenset({"you", "your", "you're", "you've", "i", "my", "we", "our", "i'm", "we're"})
_SHARED_SCORES: Final = ((0.5, 5), (0.34, 4), (0.2, 3), (0.0, 2))
_SHOWN_WORDS: Final = 5
_PAGE_READ: Final = 2 * LONGEST_READ
"""Characters of a page's text in which an offer or a proof further down is looked for; few visitors read on."""


@cache
def _stop_words() -> frozenset[str]:
    """Words that two texts share without having anything in common."""
    return frozenset(resources.files(__package__).joinpath("stop_words.txt").read_text("utf-8").split())


def compare(given: CongruenceInput) -> CongruenceAnswer:
    """All judged components of an ad and its page."""
    return CongruenceAnswer(promise=_promise(given), offer=_offer(given), proof=_proof(given), tone=_tone(given))


def _ad_words(given: CongruenceInput) -> str:
    texts = (given.primary_text, given.headline, given.description, _seen(given))
    return "\n".join(text[:LONGEST_READ] for text in texts if text)


def _seen(given: CongruenceInput) -> str:
    """The words that a picture or video was found to show."""
    found: list[str] = []
    for value in (given.creative or {}).values():
        lines = value if isinstance(value, list | tuple) else [value]
        found += [line for line in lines if isinstance(line, str)]
    return "\n".join(found)


def _promise(given: CongruenceInput) -> Judged:
    ad = given.headline or opening((given.primary_text, given.description, _seen(given))).first
    page = given.heading or given.title
    quotes = {"quote_ad": _cut(ad), "quote_page": _cut(page)}
    if not ad or not page:
        missing = "The ad has no words to compare." if not ad else "The page has neither heading nor title."
        return Judged(**quotes, why=missing, score=0)
    first = " ".join(sentence for sentence, _ in opening((given.primary_text,)).sentences)
    wanted, kept = _stems(f"{ad} {first}"), _stems(f"{page} {given.title} {given.above_fold[:300]}")
    shared = {stem: word for stem, word in wanted.items() if stem in kept}
    share = len(shared) / max(1, min(len(wanted), len(kept)))
    if not shared:
        return Judged(**quotes, why="The page's headline has no word of the ad's headline or opening.", score=1)
    score = next(score for least, score in _SHARED_SCORES if share >= least)
    said = ", ".join(list(shared.values())[:_SHOWN_WORDS])
    return Judged(**quotes, why=f"Words in common: {said}.", score=score)


def _offer(given: CongruenceInput) -> Judged:
    ad = labels.first("offer", _ad_words(given))
    top = labels.first("offer", "\n".join((given.heading, given.above_fold)))
    page = top or labels.first("offer", given.text[:_PAGE_READ])
    quotes = {"quote_ad": _cut(ad.quote if ad else None), "quote_page": _cut(page.quote if page else None)}
    if ad is None:
        why = "Neither makes an offer." if page is None else "Only the page makes an offer."
        return Judged(**quotes, why=why, score=5 if page is None else 4)
    if page is None:
        return Judged(**quotes, why="The ad's offer is not on the page.", score=0)
    if page.label != ad.label:
        return Judged(**quotes, why="The page makes another kind of offer.", score=1)
    ours, theirs = _figures(ad.quote), _figures(page.quote)
    if ours and theirs and not ours & theirs:
        return Judged(**quotes, why="The same kind of offer with other figures.", score=1)
    if top is None:
        return Judged(**quotes, why="The same offer, but further down the page.", score=3)
    return Judged(**quotes, why="The same offer at the top of the page.", score=5)


def _proof(given: CongruenceInput) -> Judged:
    above = "\n".join((given.heading, given.title, given.above_fold))
    ad = labels.first("proof", _ad_words(given))
    brand = names.pattern(given.brand_names)
    shown = brand.search(above) if brand else None
    same = _of_label("proof", ad.label, above) if ad else None
    further = _of_label("proof", ad.label, given.text[:_PAGE_READ]) if ad and not same else None
    quote = next((found for found in (same, further, shown.group(0) if shown else None) if found), None)
    quotes = {"quote_ad": _cut(ad.quote if ad else None), "quote_page": _cut(quote)}
    product = "the brand is named above the fold" if shown else "the brand is not named above the fold"
    if ad is None:
        return Judged(**quotes, why=f"The ad gives no proof; {product}.", score=5 if shown else 3)
    where = "above the fold" if same else "further down" if further else "nowhere on the page"
    score = (5 if same else 3 if further else 1) if shown else (3 if same else 1 if further else 0)
    return Judged(**quotes, why=f"The ad's kind of proof stands {where}; {product}.", score=score)


def _tone(given: CongruenceInput) -> Judged:
    ad, page = _ad_words(given), "\n".join((given.heading, given.above_fold))
    quotes = {
        "quote_ad": _cut(opening((given.primary_text, given.headline)).first or None),
        "quote_page": _cut(opening((given.above_fold, given.heading)).first or None),
    }
    if not words(ad) or not words(page):
        return Judged(**quotes, why="One side has no words to compare.", score=0)
    excited = abs(_rate(len(_EXCITED.findall(ad)), ad) - _rate(len(_EXCITED.findall(page)), page))
    personal = abs(_rate(_personal(ad), ad) - _rate(_personal(page), page))
    score = 5 - min(2, round(excited * 25)) - min(2, round(personal * 12))
    parts = [
        "exclamations and emoji are alike" if excited < 0.02 else "one side exclaims more",
        "both speak to a person alike" if personal < 0.05 else "one side speaks to a person more",
    ]
    return Judged(**quotes, why=f"By register alone: {', '.join(parts)}.", score=score)


def _of_label(table: labels.Table, label: str, text: str) -> str | None:
    plain = straight(text)
    for name, cue in labels.table(table):
        if name == label and (found := cue.search(plain)):
            return text[found.start() : found.end()]
    return None


def _stems(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    stop = _stop_words()
    for word in words(text):
        if word not in stop and len(word) > 1 and not word.isdecimal():
            found.setdefault(_SUFFIX.sub("", word) or word, word)
    return found


def _figures(text: str) -> set[str]:
    return {re.sub(r"[\s,£$€]", "", figure).rstrip(".") for figure in _FIGURE.findall(text)}


def _personal(text: str) -> int:
    return sum(word in _PERSONAL for word in words(text))


def _rate(count: int, text: str) -> float:
    return count / max(1, len(words(text)))


def _cut(text: str | None) -> str | None:
    if not text:
        return None
    line = " ".join(text.split())
    return line if len(line) <= QUOTE_LONGEST else f"{line[: QUOTE_LONGEST - 1]}…"
