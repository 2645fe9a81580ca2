"""The words that the chat knows: commands, and the patterns of plain phrases, tried in their order."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final, Literal

from viraltracker.chat import brand_names

Name = Literal[
    "analyze", "recommend", "top", "why", "ad", "spend", "moved", "classify", "coverage", "sync", "schedule",
    "rec_done", "rec_ignore", "rec_note", "fatigue", "wrong", "labels", "congruence", "help", "yes", "no",
]  # fmt: skip

COMMANDS: Final[dict[str, Name]] = {
    "analyze": "analyze", "analyse": "analyze", "recommend": "recommend", "top": "top", "why": "why", "ad": "ad",
    "spend": "spend", "classify": "classify", "coverage": "coverage", "sync": "sync", "schedule": "schedule",
    "rec_done": "rec_done", "rec_ignore": "rec_ignore", "rec_note": "rec_note", "fatigue": "fatigue",
    "wrong": "wrong", "anomalies": "wrong", "labels": "labels", "tags": "labels", "gaps": "coverage",
    "congruence": "congruence", "help": "help",
}  # fmt: skip

KNOWN_WORDS: Final = (
    "analyze", "analyse", "analysis", "recommend", "recommendations", "classify", "classification", "coverage",
    "schedule", "winning", "winners", "losing", "losers", "fatigue", "congruence", "creatives", "account", "should",
    "performing", "awareness", "distribution", "morning", "every", "spend", "which", "wearing", "missing",
    "hooks", "angles", "formats", "working",
)  # fmt: skip
"""Words whose slips are put right."""

_NUMBERED = r"(?:the\s+)?(?:recommendation\s+|number\s+|no\.?\s*|#)?\d{1,3}\b"

_KPI = r"(?:cpa|roas|cpm|ctr|cpc|spend|costs?|sales|purchases|revenue)"
_LABEL = r"(?:hooks?|angles?|formats?|(?:awareness\s+)?(?:stages?|levels?)|awareness|labels|tags)"
_WORKS = (
    r"(?:work(?:s|ing)?|be(?:st|tter)|wors(?:t|e)|win(?:s|ning)?|los(?:es?|ing)|(?:perform|convert|sell)(?:s|ing)?)"
)
_AMISS = r"(?:gone\s+|going\s+)?(?:wrong|broken|off|unusual|odd|strange)"

_RULES: Final[tuple[tuple[Name, tuple[str, ...]], ...]] = (
    ("yes", (r"^(?:yes|yep|yeah|y|ok|okay|sure|do it|go ahead|confirm)(?:,? (?:please|do it|go ahead))?[.!]*$",)),
    ("no", (r"^(?:no|nope|n|cancel|stop|don'?t|leave it|never ?mind)(?:,? thanks?)?[.!]*$",)),
    ("help", (r"^(?:help|hi|hello|hey|what can you do|what do you do|commands)\W*$",)),
    ("rec_note", (rf"\bnote\s+(?:on|for|to)\s+{_NUMBERED}",)),
    ("rec_ignore", (rf"\b(?:ignore|dismiss|skip)\s+{_NUMBERED}",)),
    (
        "rec_done",
        (
            rf"\bmark\s+{_NUMBERED}\s*(?:as\s+)?(?:done|finished|complete)",
            rf"\b(?:i|we)\s+(?:did|finished)\s+{_NUMBERED}",
        ),
    ),
    (
        "fatigue",
        (
            r"\bfatigue",
            r"\bwear(?:ing|s)?\s+out\b",
            r"\bworn\s+out\b",
            r"\bburn(?:ed|t|ing)?\s+out\b",
            r"\btir(?:ed|es|ing)\b",
            r"\bstale\b",
        ),
    ),
    ("congruence", (r"\bcongruen", r"\bpages?\b.*\b(?:match|promise|fit)")),
    (
        "wrong",
        (
            rf"\b(?:what(?:'?s| is| has| went)|anything|something)\s+{_AMISS}\b"
            r"(?:\s+(?:with|in|on)(?:\s+(?:my|our|the|this))?(?:\s+(?:ads?\s+)?accounts?)?)?\W*$",
            r"\bwhat\s+broke\b",
            r"\bis\s+(?:anything|something|everything)\s+(?:ok|okay|fine|all right)\b",
            r"\banomal",
            r"^(?:any|open|show|new)\b.*\balerts?\b",
        ),
    ),
    (
        "moved",
        (
            rf"\bwhy\b.*\b{_KPI}\b",
            rf"\bwhat\b.*\b(?:driv(?:es?|ing)|drove|moved|chang(?:es|ed)|raised|lifted)\b.*\b{_KPI}\b",
        ),
    ),
    ("why", (r"\bwhy\b", r"\bwhat(?:'?s| is)\s+wrong\s+with\b")),
    ("schedule", (r"\bschedul", r"\b(?:every|each)\s+\w+", r"\b(?:daily|hourly|weekly|nightly)\b")),
    (
        "coverage",
        (
            r"\bcoverage\b",
            r"\bdistribution\b",
            r"\bby\s+awareness\b",
            r"\bgaps?\b",
            r"\bwhat(?:'?s| is| am| are|\s+do)?(?:\s+(?:we|i))?\s+(?:missing|lack(?:ing)?|untested)\b",
            r"\bwhat\s+(?:have|has|did)(?:n'?t)?\s+(?:we|i)\b.*\b(?:tried|tested|made|try|test|make)\b",
            r"\bwhat\s+(?:should|shall|can|could)\s+(?:we|i)\s+(?:make|create|produce|shoot|test|try)\b",
            r"\buntested\b",
            r"\bheat\s?map\b",
        ),
    ),
    (
        "labels",
        (
            rf"\b{_LABEL}\b(?!\s+rate).*\b{_WORKS}\b",
            rf"\b{_WORKS}\s+(?:performing\s+|converting\s+)?{_LABEL}\b(?!\s+rate)",
            r"^what\s+works\b",
        ),
    ),
    ("classify", (r"\b(?:re)?classif", r"\blabel\b.*\b(?:ads?|creatives?)\b")),
    ("sync", (r"\b(?:sync|resync|refresh|fetch|pull)\b",)),
    (
        "top",
        (
            r"\bwin(?:ning|ners?)\b",
            r"\blos(?:ing|ers?)\b",
            r"\b(?:best|worst|top|bottom|biggest)\b",
            r"\b(?:kill|cut|scale)\b",
        ),
    ),
    (
        "recommend",
        (
            r"\brecommend",
            r"\bwhat\s+(?:should|shall|can|do)\s+(?:i|we)\b",
            r"\bwhat\s+(?:now|next)\b",
            r"\bnext\s+steps?\b",
            r"\badvice\b",
            r"\bto-?do\b",
        ),
    ),
    (
        "spend",
        (
            r"\b(?:spend|spent|spending|costs?|hook|hold)\b",
            r"\b(?:cpa|roas|ctr|cpm|cpc|purchases|sales|revenue|impressions|clicks)\b",
        ),
    ),
    ("ad", (r"^(?:show|open|about|find)\b.*\bad\b", r"^ad\s+\S", r"^\d{6,}$")),
    (
        "analyze",
        (
            r"\banaly",
            r"\b(?:review|audit|report|overview|doing)\b",
            r"\bsummar",
            r"\bwhat\s+happened\b",
            r"\bhow\s+(?:is|are|was|were|did)\b",
            r"\bperform",
        ),
    ),
)
LABEL_KINDS: Final = (
    ("hook", re.compile(r"\bhooks?\b")),
    ("angle", re.compile(r"\bangles?\b")),
    ("format", re.compile(r"\bformats?\b")),
    ("awareness", re.compile(r"\b(?:awareness|stages?)\b")),
)
"""The kind of label that a question is about."""
_MEANT: Final = tuple((name, re.compile("|".join(patterns))) for name, patterns in _RULES)

LOSERS: Final = re.compile(r"\blos(?:ing|ers?)\b|\b(?:worst|bottom|bad|kill|cut)\b")
SPENDERS: Final = re.compile(r"\b(?:spend|spent|spenders?|biggest|expensive)\b")
JOBS: Final = (
    ("meta_sync", re.compile(r"\b(?:sync|resync|refresh|fetch|pull|meta_sync)\b")),
    ("ad_classification", re.compile(r"\b(?:classif|label|ad_classification)")),
    ("ad_intelligence_analysis", re.compile(r"\b(?:analy|report|review|ad_intelligence_analysis)")),
)

ACCOUNT_OF: Final = re.compile(
    r"\b(?:analy[sz]e|analysis of|review|audit|report on|for|of|about)\s+(?:the\s+)?(?P<name>.{2,60}?)\s+"
    r"(?:ads?\s+)?accounts?\b"
)
DOING: Final = re.compile(
    r"\bhow(?:'s|\s+(?:is|are|was|were|did|does|do))\s+(?P<name>.{2,60}?)\s+(?:doing|performing|going|do|perform)\b"
)
EVERYDAY: Final = frozenset({
    "business", "everything", "marketing", "numbers", "performance", "result", "results", "stuff", "thing", "things",
    "work", "you",
})  # fmt: skip
"""What people ask after without naming a brand: "how are things going"."""
FILLER: Final = re.compile(
    r"\b(?:please|can|could|you|would|me|us|the|an?|my|our|this|that|whole|entire|of|for|in|on|about|with|brands?|ads?|"
    r"accounts?|and|to|at|by|now|again|it|is|are|was|were|do|does|did|over|how|what|give|get|run|full|days?)\b"
)

_JUDGED = (
    r"(?:so\s+)?(?:bad|losing|a\s+loser|good|winning|a\s+winner|expensive|cheap|weak|strong|poor|failing|doing"
    r"|performing|not\s+\w+)"
)
AD: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bwhy\s+(?:is|are|was|were|does|did)\s+(?:the\s+)?(?:ads?\s+)?(?P<ad>.+?)\s+{_JUDGED}$",
        r"\bwhat(?:'?s| is)\s+wrong\s+with\s+(?:the\s+)?(?:ad\s+)?(?P<ad>.+)$",
        r"\bwhy\s+(?:is|are|was|were|does|did)?\s*(?:the\s+)?(?:ads?\s+)?(?P<ad>.*)$",
        r"^(?:show|open|about|find)?\s*(?:me\s+)?(?:the\s+)?ad\s+(?P<ad>.+)$",
        r"^(?P<ad>\d{6,})$",
    )
)
"""Where a question names its ad."""


def meant(text: str) -> Name | None:
    """What a lower-case phrase asks for, None when no rule knows."""
    return next((name for name, pattern in _MEANT if pattern.search(text.strip())), None)


def spelled(text: str) -> str:
    """A lower-case line with slips of the chat's own words put right."""

    def right(match: re.Match[str]) -> str:
        word = match.group()
        if word in KNOWN_WORDS or word in brand_names.NOT_NAMES:
            return word
        return (get_close_matches(word, KNOWN_WORDS, n=1, cutoff=0.82) or [word])[0]

    return re.sub(r"[a-z]{5,}", right, text)
