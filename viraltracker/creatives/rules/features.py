"""From an ad text to the cues that fired in its opening, each with the words that fired it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from viraltracker.creatives import names
from viraltracker.creatives.rules.cues import cues
from viraltracker.creatives.rules.opening import Opening, straight, words
from viraltracker.creatives.taxonomy import Awareness

_FIRST_PERSON: Final = frozenset({"i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine"})
_READER: Final = frozenset({"you", "your", "you're", "you've", "you'll", "you'd", "yours", "yourself"})
_MAKER: Final = frozenset({"we", "our", "ours", "we're", "we've", "us", "we'll"})
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
_ACTS: Final = re.compile(r"(?:'s|s'|s)?(?:™|®)? (?:is|isn't|are|has|have|does|doesn't|was|can|will|won't|never|only|just|[a-z]+s)\b")
_YOURS: Final = re.compile(r"\byour (?:[\w-]+ ){0,2}$", re.IGNORECASE)
_NAME: Final = re.compile(r"(?<=[a-z,;:] )(?!I\b|I')[A-Z][a-z]+")
_STARTS: Final = (
    ("starts_you", r"you|you're|you've|you'd|you'll"),
    ("starts_your", r"your"),
    ("starts_i", r"i|i'm|i've|i'd|my"),
    ("starts_we", r"we|we're|we've|our"),
    ("starts_the", r"the|this|these|that|those|it|it's|that's"),
    ("starts_a", r"a|an"),
    ("starts_time", r"in|on|at|last|before|after|when|while|every|once|since|until|by"),
    ("starts_if", r"if"),
    ("starts_wh", r"how|why|what|what's|which|where|who|who's"),
    ("starts_asking", r"do|does|did|is|are|have|has|can|could|would|will|ever|still|been"),
    ("starts_number", r"\d[\d,.]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|most|half|some"),
    ("starts_no", r"no|not|never|nobody|nothing|none"),
    ("starts_he", r"he|she|they|his|her|their"),
    (
        "imperative",
        r"get|give|become|learn|build|make|start|track|sell|grow|earn|turn|create|master|save|speak|play|sleep|cook|join"
        r"|find|see|run|design|transform|boost|reach|retire|buy|book|invest|own|switch|discover|take|plan|automate"
        r"|launch|write|hire|protect|keep|enjoy|bring|help|sponsor|adopt|volunteer|send|compare|use|try|shop|order|pick"
        r"|choose|rent|hire|swap|replace|upgrade|say|let|put|add|stop|ditch|skip|forget|meet|come|go|wear|drink|eat|read"
        r"|watch|listen|ride|drive|fly|stay|live|work|train|lift|lose|burn|feel|look|rest|relax|share|donate|pledge|vote"
        r"|apply|register|enrol|enroll|download|install|set|pay|borrow|file|claim|store|organi[sz]e|clean|wash|paint|plant"
        r"|feed|walk|teach|raise|treat|heal|fix|repair|insure|cover|lease|move|pack|ship|print|publish|host|celebrate"
        r"|decorate|furnish|refresh|restore|renovate|heat|cool|charge|power|connect|manage|schedule|simplify|streamline",
    ),
)

_NO: Final = re.compile(
    r"\b(?:no|without|zero|minus|skip|never|free (?:of|from)|not)(?: (?:the|a|an|any|your|all))?(?<!not the) "
    r"(?!more\b|one\b|matter\b)(?:[\w-]+,? ){0,2}$",
    re.IGNORECASE,
)
"""A negation before a trouble, with at most two words between them; "no more …" still names the trouble."""

SHAPES: Final[Mapping[str, tuple[Awareness, str]]] = {
    "brand_named": ("product_aware", "names the brand"),
    "brand_leads": ("product_aware", "starts with the brand"),
    "maker_speaks": ("product_aware", "speaks as the maker"),
    "first_person": ("unaware", "is told by an I"),
    "reader_addressed": ("problem_aware", "addresses the reader"),
    "asks_reader": ("problem_aware", "asks the reader a question"),
    "asks": ("solution_aware", "asks a question"),
    "no_verb": ("solution_aware", "is a label without a verb"),
    "past_tense": ("unaware", "is in the past tense"),
    "quoted_first": ("product_aware", "starts with a quotation"),
    "no_reader": ("unaware", "addresses nobody"),
    "your_brand": ("most_aware", "calls the brand's product the reader's own"),
    "brand_acts": ("product_aware", "says what the brand is or does"),
    "brand_told": ("product_aware", "tells of the brand in the past tense or as an I"),
    "irregular_past": ("unaware", "is in the past tense"),
    "proper_name": ("unaware", "names somebody or some place"),
    "figures": ("product_aware", "gives figures"),
    "price": ("solution_aware", "gives a price"),
    "exclaims": ("most_aware", "exclaims"),
    "capitals": ("most_aware", "is in capitals"),
    "short": ("unaware", "is very short"),
    "lists": ("solution_aware", "is a list of fragments"),
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
"""Cues of the sentence's shape: the stage each argues for, and what it says."""


REPEATED: Final = 0.3
"""What a second and a third wording of the same cue in a sentence add."""

MOST_REPEATS: Final = 3


@dataclass(frozen=True)
class Fired:
    """A cue that fired: its strength (1 for one wording in the first sentence) and the words that fired it."""

    strength: float
    quote: str


def cue_names() -> tuple[str, ...]:
    """Every cue, in the order of `weights.json`."""
    return (*(cue.name for cue in cues()), *SHAPES)


def fired(opening: Opening, brand_names: Sequence[str] = ()) -> dict[str, Fired]:
    """The cues that fire in an opening, the strongest place of each."""
    found: dict[str, Fired] = {}

    def note(name: str, strength: float, quote: str) -> None:
        if name not in found or found[name].strength < strength:
            found[name] = Fired(strength, quote)

    brand = names.pattern(brand_names)
    for sentence, weight in opening.sentences:
        plain = straight(sentence)
        for cue in cues():
            quotes: dict[str, dict[str, None]] = {}
            for match in cue.pattern.finditer(plain):
                no = _NO.search(plain, max(0, match.start() - 40), match.start()) if cue.negated else None
                start = no.start() if no else match.start()
                name = cue.negated if no and cue.negated else cue.name
                quotes.setdefault(name, {})[sentence[start : match.end()]] = None
            for name, said in quotes.items():
                more = REPEATED * (min(len(said), MOST_REPEATS) - 1)
                note(name, weight * (1 + more), "; ".join(list(said)[:MOST_REPEATS]))
        for name, quote in _shapes(sentence):
            note(name, weight, quote)
        match = brand.search(sentence) if brand else None
        if match:
            note("brand_named", weight, match.group(0))
            if len(words(sentence[: match.start()])) <= 1:
                note("brand_leads", weight, match.group(0))
            if _ACTS.match(straight(sentence), match.end()):
                note("brand_acts", weight, sentence)
            if yours := _YOURS.search(sentence, 0, match.start()):
                note("your_brand", weight, sentence[yours.start() : match.end()])
            if _FIRST_PERSON & set(words(sentence)) or _PAST.search(sentence) or _IRREGULAR.search(sentence):
                note("brand_told", weight, sentence)
    if opening.sentences and not any(_READER & set(words(sentence)) for sentence, _ in opening.sentences):
        note("no_reader", 1.0, opening.first)
    return found


def _shapes(sentence: str) -> list[tuple[str, str]]:
    spoken = words(sentence)
    here = set(spoken)
    shapes: list[tuple[str, str]] = []
    if here & _FIRST_PERSON:
        shapes.append(("first_person", sentence))
    if here & _MAKER:
        shapes.append(("maker_speaks", sentence))
    if here & _READER:
        shapes.append(("reader_addressed", sentence))
    if "?" in sentence:
        shapes.append(("asks_reader" if here & _READER else "asks", sentence))
    if spoken and not _FINITE.search(straight(sentence)) and not here & _READER and not _PAST.search(sentence):
        shapes.append(("no_verb", sentence))
    if match := _PAST.search(sentence):
        shapes.append(("past_tense", match.group(0)))
    if sentence.lstrip()[:1] in {'"', "“"}:
        shapes.append(("quoted_first", sentence))
    if match := _IRREGULAR.search(sentence):
        shapes.append(("irregular_past", match.group(0)))
    if match := _NAME.search(sentence):
        shapes.append(("proper_name", match.group(0)))
    if match := re.search(r"\d[\d,.]*", sentence):
        shapes.append(("figures", match.group(0)))
    if match := re.search(r"[£$€]\s?\d[\d,.]*", sentence):
        shapes.append(("price", match.group(0)))
    if match := re.search(r"!", sentence):
        shapes.append(("exclaims", sentence))
    if match := re.search(r"\b[A-Z]{2,}(?:[ ,'-]+[A-Z]{2,})+\b", sentence):
        shapes.append(("capitals", match.group(0)))
    if len(spoken) <= 4:
        shapes.append(("short", sentence))
    if sentence.count(",") >= 2:
        shapes.append(("lists", sentence))
    for name, start in _STARTS:
        if spoken and re.fullmatch(start, spoken[0]):
            shapes.append((name, spoken[0]))
    return shapes
