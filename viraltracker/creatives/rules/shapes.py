"""Cues of a sentence's shape: how it starts, who speaks to whom, in what tense, in what dress."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from viraltracker.creatives.rules.opening import WORD, straight, words
from viraltracker.creatives.taxonomy import Awareness

FIRST_PERSON: Final = frozenset({"i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine"})
READER: Final = frozenset({"you", "your", "you're", "you've", "you'll", "you'd", "yours", "yourself"})
MAKER: Final = frozenset({"we", "our", "ours", "we're", "we've", "us", "we'll"})

SHAPES: Final[Mapping[str, tuple[Awareness, str]]] = {
    "brand_named": ("product_aware", "names the brand"),
    "brand_leads": ("product_aware", "starts with the brand"),
    "brand_acts": ("product_aware", "says what the brand is or does"),
    "brand_told": ("product_aware", "tells of the brand in the past tense or as an I"),
    "brand_speaks": ("unaware", "lets the brand speak, not be the subject"),
    "brand_deal": ("most_aware", "makes a deal on the brand"),
    "your_brand": ("most_aware", "calls the brand's product the reader's own"),
    "maker_speaks": ("product_aware", "speaks as the maker"),
    "first_person": ("unaware", "is told by an I"),
    "reader_addressed": ("problem_aware", "addresses the reader"),
    "asks_reader": ("problem_aware", "asks the reader a question"),
    "asks": ("solution_aware", "asks a question"),
    "no_verb": ("solution_aware", "is a label without a verb"),
    "past_tense": ("unaware", "is in the past tense"),
    "irregular_past": ("unaware", "has an irregular past tense"),
    "quoted_first": ("product_aware", "starts with a quotation"),
    "no_reader": ("unaware", "addresses nobody"),
    "proper_name": ("unaware", "names somebody or some place"),
    "figures": ("product_aware", "gives figures"),
    "price": ("solution_aware", "gives a price"),
    "exclaims": ("most_aware", "exclaims"),
    "capitals": ("most_aware", "is in capitals"),
    "short": ("unaware", "is very short"),
    "lists": ("solution_aware", "is a row of fragments"),
    "starts_you": ("problem_aware", "starts with the reader"),
    "starts_your": ("most_aware", "starts with something of the reader's"),
    "starts_i": ("unaware", "starts with an I"),
    "starts_we": ("product_aware", "starts with the maker"),
    "starts_the": ("unaware", "starts with something definite"),
    "starts_a": ("solution_aware", "starts with a kind of thing"),
    "starts_time": ("unaware", "starts with a time or place"),
    "starts_if": ("solution_aware", "starts with a condition"),
    "starts_wh": ("solution_aware", "starts with a question word"),
    "starts_asking": ("problem_aware", "starts as a question"),
    "starts_number": ("problem_aware", "starts with a number"),
    "starts_no": ("solution_aware", "starts with a negation"),
    "starts_he": ("unaware", "starts with a third person"),
    "imperative": ("solution_aware", "starts by telling the reader to do something"),
}
"""The stage each argues for before any data, and what it says."""

SHORT_WORDS: Final = 4

_FINITE: Final = re.compile(
    r"\b(?:(?:is|are|was|were|has|have|had|do|does|did|could|would|should|must)(?:n't)?|can(?:'t)?|will|won't|may|might"
    r"|(?:it|that|there|here|he|she|what|let)'s|(?:you|we|they)'re|i'm)\b",
    re.IGNORECASE,
)
_PAST: Final = re.compile(r"\b(?!need|feed|speed|seed|weed|indeed|bed|red|hundred)\w{2,}ed\b", re.IGNORECASE)
_IRREGULAR: Final = re.compile(
    r"\b(?:was|were|had|did|went|came|said|told|took|gave|got|made|found|left|kept|knew|thought|felt|saw|heard|ran|sat"
    r"|stood|bought|brought|built|caught|drew|drove|ate|fell|flew|forgot|grew|hid|held|hung|learnt|lent|lost|meant|met"
    r"|paid|rang|rode|rose|sang|sent|shook|shot|slept|spent|spoke|stole|stuck|swam|taught|threw|understood|woke|won|wore"
    r"|wrote|became|began|bit|blew|broke|chose|dug|drank)\b",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"(?<=[a-z,;:] )(?!I\b|I'|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Christmas)[A-Z][a-z]+",
)
_FIGURE: Final = re.compile(r"\d[\d,.]*")
_PRICE: Final = re.compile(r"[£$€]\s?\d[\d,.]*")
_CAPITALS: Final = re.compile(r"\b[A-Z]{2,}(?:[ ,'-]+[A-Z]{2,})+\b")

_STARTS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(alternatives)
    for name, alternatives in {
        "starts_you": r"you|you're|you've|you'd|you'll",
        "starts_your": r"your",
        "starts_i": r"i|i'm|i've|i'd|my",
        "starts_we": r"we|we're|we've|our",
        "starts_the": r"the|this|these|that|those|it|it's|that's",
        "starts_a": r"a|an",
        "starts_time": r"in|on|at|last|before|after|when|while|every|once|since|until|by",
        "starts_if": r"if",
        "starts_wh": r"how|why|what|what's|which|where|who|who's",
        "starts_asking": r"do|does|did|is|are|have|has|can|could|would|will|ever|still|been",
        "starts_number": r"\d.*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|most|half|some",
        "starts_no": r"no|not|never|nobody|nothing|none",
        "starts_he": r"he|she|they|his|her|their",
        "imperative": (
            r"get|give|become|learn|build|make|start|track|sell|grow|earn|turn|create|master|save|speak|play|sleep|cook"
            r"|join|find|see|run|design|transform|boost|reach|retire|buy|book|invest|own|switch|discover|take|plan"
            r"|automate|launch|write|hire|protect|keep|enjoy|bring|help|sponsor|adopt|volunteer|send|compare|use|try"
            r"|shop|order|pick|choose|rent|swap|replace|upgrade|say|let|put|add|stop|ditch|skip|forget|meet|come|go|wear"
            r"|drink|eat|read|watch|listen|ride|drive|fly|stay|live|work|train|lift|lose|burn|feel|look|rest|relax|share"
            r"|donate|pledge|vote|apply|register|enrol|enroll|download|install|set|pay|borrow|file|claim|store"
            r"|organi[sz]e|clean|wash|paint|plant|feed|walk|teach|raise|treat|heal|fix|repair|insure|cover|lease|move"
            r"|pack|ship|print|publish|host|celebrate|decorate|furnish|refresh|restore|renovate|heat|cool|charge|power"
            r"|connect|manage|schedule|simplify|streamline"
        ),
    }.items()
}

_NOUN_BEFORE: Final = re.compile(r"\byour (?:[\w-]+ ){0,2}$", re.IGNORECASE)
_VERB_AFTER: Final = re.compile(
    r"(?:'s|s'|s)?[™®]? (?:is|isn't|are|has|have|does|doesn't|was|can|will|won't|never|only|just|[a-z]+s)\b"
)
_SPEAKS_BEFORE: Final = re.compile(
    r"\b(?:(?:hi|hello|hey|hiya|psst)\b.{0,12}"
    r"|(?:a|one|this) (?:\w+ )?(?:word|note|tip|question|letter|message|story|quiz) (?:\w+ )?(?:from|by|with)"
    r"|we at|here at|over at|all of us at|everyone at|team at|inside|outside|asked (?:at|by)) (?:the )?$",
    re.IGNORECASE,
)
_SPEAKS_AFTER: Final = re.compile(
    r"(?: (?:here|asks|says|explains|on)\b"
    r"|'s? (?:own |head |chief |resident )?(?:founders?|vets?|nurses?|coach(?:es)?|chefs?|team|doctors?"
    r"|dentists?|owner|director|\w+ist|\w+er|[A-Z]\w+)\b)",
)


def of_sentence(sentence: str) -> Iterator[tuple[str, str]]:
    """The shapes of a sentence, each with the words that show it."""
    plain, spoken = straight(sentence), words(sentence)
    here = set(spoken)
    past = _PAST.search(sentence)
    matches = {
        "past_tense": past,
        "irregular_past": _IRREGULAR.search(sentence),
        "figures": _FIGURE.search(sentence),
        "price": _PRICE.search(sentence),
        "capitals": _CAPITALS.search(sentence),
    }
    whole = {
        "first_person": here & FIRST_PERSON,
        "maker_speaks": here & MAKER,
        "reader_addressed": here & READER,
        "asks_reader": "?" in sentence and here & READER,
        "asks": "?" in sentence and not here & READER,
        "no_verb": spoken and not _FINITE.search(plain) and not here & READER and not past,
        "quoted_first": sentence.lstrip()[:1] in {'"', "“"},
        "exclaims": "!" in sentence,
        "short": len(spoken) <= SHORT_WORDS,
        "lists": sentence.count(",") > 1,
    }
    yield from ((name, match.group(0)) for name, match in matches.items() if match)
    yield from ((name, sentence) for name, is_so in whole.items() if is_so)
    if first := WORD.search(sentence):
        yield from ((name, first.group(0)) for name, start in _STARTS.items() if start.fullmatch(spoken[0]))


def of_brand(sentence: str, brand: re.Match[str] | None) -> Iterator[tuple[str, str]]:
    """What a sentence does with the brand, and whether it names somebody else."""
    plain = straight(sentence)
    if brand:
        start, end = brand.span()
        plain = plain[:start] + " " * (end - start) + plain[end:]
        yield "brand_named", brand.group(0)
        if len(words(sentence[:start])) <= 1:
            yield "brand_leads", brand.group(0)
        if _VERB_AFTER.match(straight(sentence), end):
            yield "brand_acts", sentence
        if _SPEAKS_BEFORE.search(sentence, 0, start) or _SPEAKS_AFTER.match(straight(sentence), end):
            yield "brand_speaks", sentence
        if own := _NOUN_BEFORE.search(sentence, 0, start):
            yield "your_brand", sentence[own.start() : end]
        if FIRST_PERSON & set(words(sentence)) or _PAST.search(sentence) or _IRREGULAR.search(sentence):
            yield "brand_told", sentence
    if other := _NAME.search(plain):
        yield "proper_name", other.group(0)
