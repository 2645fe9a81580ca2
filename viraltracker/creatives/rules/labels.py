"""Cues of the other labels of a copy: offer, proof, angle, persona, and what it asks the reader to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from viraltracker.creatives import taxonomy

_MONEY = r"(?:[£$€]\s?\d[\d,.]*(?:k|m)?|\d[\d,.]* ?(?:dollars|pounds|euros|bucks))"


@dataclass(frozen=True)
class Match:
    """A label with the words that argue for it."""

    label: str
    quote: str


Patterns = Sequence[tuple[str, re.Pattern[str]]]


def _table(*rows: tuple[str, str]) -> Patterns:
    return tuple((label, re.compile(pattern, re.IGNORECASE)) for label, pattern in rows)


OFFERS: Final = _table(
    ("matched_gift", r"\b(?:gifts?|donations?|dollar)\b.{0,40}\b(?:match\w*|doubled|tripled)\b|\b[23]x match"),
    ("free_trial", r"\bfree (?:\w+[- ]){0,2}trial\b|\btry (?:it |us )?(?:free|for free)\b|\b\d+ days free\b"
                   r"|\bfirst (?:month|week|box|class|walk)\b.{0,12}\b(?:free|on us)\b"),
    ("bundle", r"\bbogo\b|\bbuy[- ](?:one|two|three|\d)\b.{0,14}\bget\b|\b(?:two|three|[23])[- ]for\b|\bbundle\b"),
    ("percent_off", r"\b\d{1,2}\s?% ?(?:off|discount|less|cheaper)|\bsaves? (?:up to )?\d{1,2}\s?%|\bhalf[- ]price\b"
                    r"|\bup to \d{1,2}\s?%"),
    ("amount_off", rf"{_MONEY} (?:off|less|cheaper)\b|\bsaves? (?:up to )?{_MONEY}|{_MONEY} instead of"),
    ("early_access", r"\bearly (?:access|bird)\b|\bfirst dibs\b|\bwait(?:ing)? ?list\b|\bpre-?order\b"),
    ("free_shipping", r"\bfree (?:\w+ )?(?:shipping|delivery|postage)\b|\bships? free\b"),
    ("free_quote", r"\bfree (?:\w+ )?(?:quote|estimate|consult\w*|survey|inspection|scan|audit|assessment|call|visit|check)\b"
                   r"|\bquotes? (?:in|from|by)\b"),
    ("free_resource", r"\bfree (?:[\w-]+ ){0,3}(?:guide|e-?book|checklist|template|course|class|webinar|workshop|sample|"
                      r"sheet|tool|report|challenge|quiz|plan|app)\b|\b(?:download|grab) (?:the|our|your) free\b"),
    ("free_gift", r"\bfree (?:\w+ )?(?:gift|with|when|filter|shaker|month)\b|\bfor nothing\b|\bon the house\b|\bbonus\b"
                  r"|\bget (?:the|a|your) .{0,30}\bfree\b"),
    ("payment_plan", r"\bpay (?:later|monthly|in \d|nothing until)\b|\b0% (?:finance|apr)\b|\binstal?lments?\b"
                     r"|\b[£$€]0 down\b|\bpay \d+% now\b"),
    ("price_point", rf"\b(?:from|only|just|for|at|costs?|is)\b ?{_MONEY}"
                    rf"|{_MONEY} ?(?:/|a|per)\b ?(?:month|mo|week|day|year|seat)?"),
)  # fmt: skip
"""In the order in which they win: the more particular offer first."""

PROOFS: Final = _table(
    ("customer_quote", r"[\"“][^\"”]{12,}[\"”]\s*[–—-]\s*\w|^\W*[\"“](?:i|we|my)\b[^\"”]{8,}[.!][\"”]"),
    ("ratings", r"⭐|★|\b\d(?:\.\d)? ?(?:stars?|/ ?5|out of (?:5|five|10|ten))|\b(?:five|four)[- ]stars?\b"
                r"|\breview(?:s|ed)?\b|\brat(?:ed|ings?)\b"),
    ("expert", r"\b(?:doctor|dentist|vet|dermatologist|teacher|nurse|expert|trainer|chef|scientist|physio|pharmacist|"
               r"nutritionist)s?['’]?s?[- ](?:\w+ )?(?:recommended|approved|formulated|trusted|designed|developed|use|choose)\b"
               r"|\b(?:recommended|approved|formulated|developed) by (?:\w+ )?(?:doctors|vets|dentists|experts|\w+ologists)"),
    ("test_result", r"\b(?:clinically|lab|third[- ]party|independently)[- ](?:tested|proven|verified)\b|\bblind (?:taste )?test\b"
                    r"|\btested\b|\bstud(?:y|ies)\b|\btrial of\b|\b\d{1,3}(?:\.\d+)?\s?% of\b|\bsurvey(?:ed)?\b"
                    r"|\b\d+ (?:in|out of) \d+\b"),
    ("award", r"\bawards?\b|\baward-winning\b|\bcertified\b|\bpatented\b|\bvoted\b|\branked\b|#1\b|\bcleared\b"),
    ("press", r"\bas (?:seen|featured) (?:in|on)\b|\bfeatured (?:in|on)\b|\bin the (?:press|news)\b"),
    ("user_count", r"\b\d[\d,.]*(?:k|m)?\+? (?:\w+ ){0,2}(?:customers?|users?|families|owners?|people|members?|women|men|"
                   r"parents?|teams?|agencies|companies|businesses|teachers|clients?|donors?|graduates|homes)\b"
                   r"|\b(?:thousands|millions) of\b|\btrusted by\b|\bloved by\b"),
    ("guarantee", r"\bguarantee[ds]?\b|\bmoney[- ]back\b|\bor we pay\b|\bwarranty\b|\brefund\b|\bsend your money back\b"
                  r"|\b\d+[- ]day returns\b|\bno[- ]risk\b|\brisk[- ]free\b"),
    ("demonstration", r"\bwatch (?:it|us|how|the|a)\b|\bsee (?:it|how it) work|\bbefore (?:and|&) after\b|\bwe (?:dropped|dragged|"
                      r"left|filmed|drove|compared|weighed)\b|\bside by side\b"),
    ("disclosure", r"\bhere(?:'s|’s| is| are) (?:the|every|what(?:'s|’s)? in)\b|\bread (?:the|their|our)\b.{0,20}\b(?:reports?|criticisms?|"
                   r"results|register)\b|\baudited\b|\bline by line\b|\bpublish\w*\b"),
)  # fmt: skip

ANGLES: Final = _table(
    ("urgency", r"\blast (?:chance|call|day|hours)|\bends? (?:tonight|today|at midnight|soon|on |\w+day)|\bhurry\b|\btoday only\b"
                r"|\bonly \d+ left|\bgoing fast\b|\bsell(?:s|ing)? out\b|\b(?:until|before|by) (?:midnight|\w+day)\b|\bfinal (?:call|hours|days)"),
    ("price_value", rf"\b\d{{1,2}}\s?% off|\bsav(?:e|es|ing|ings)\b|\bcheap(?:er|est)?\b|\baffordable\b|\bhalf[- ]price\b|\bsale\b"
                    rf"|\bdeals?\b|\b(?:less|more) for\b|\blowest price\b|{_MONEY} (?:off|less|instead)"),
    ("social_proof", r"⭐|★|\breviews?\b|\brated\b|\b\d[\d,]{3,} (?:\w+ )?(?:people|customers|women|men|owners|users|families|agencies)"
                     r"|\bbest[- ]sell|\beveryone\b|\btrusted by\b|\bloved by\b|\bjoin \d"),
    ("authority", r"\b(?:doctor|vet|dentist|expert|scientist|professor|nurse|surgeon|dermatologist)s?\b|\bclinical\w*\b|\bstud(?:y|ies)\b"
                  r"|\bawards?\b|\bcertified\b|\btested\b|\bevidence\b|\bevaluators?\b"),
    ("risk_reversal", r"\bguarantee|\bmoney[- ]back\b|\bcancel any ?time\b|\bno (?:commitment|contracts?|obligation|strings|card)\b"
                      r"|\brisk[- ]free\b|\brefund\b|\btry (?:it )?(?:free|for)\b"),
    ("mission", r"\b(?:donat\w+|charit\w+|volunteer\w*|sponsor\w*|rescue|planet|climate|sustainab\w+|refugees?|hunger|poverty|shelter|"
                r"impact|make a difference|causes?|villages?)\b"),
    ("pain_relief", r"\b(?:pain|aches?|hurts?|sore|stiff|itch\w*|anxi\w+|stress\w*|tired of|sick of|struggl\w+|insomnia|relief|debts?|"
                    r"leak\w*|problem|frustrat\w+|overwhelm\w*|dread|crash|worse|chaos)\b"),
    ("convenience", r"\b(?:easy|easily|easiest|simple|simplest|quick(?:ly)?|fast|effortless|hassle[- ]free|in (?:one|two|\d+) (?:minutes?|taps?|"
                    r"clicks?)|delivered|doorstep|done for you|set ?up in|no (?:mess|fuss|waiting|measuring)|without leaving)\b"),
    ("education", r"\b(?:guide|learn|how to|checklist|explained|tips|what to (?:look|ask)|did you know|cheat ?sheet|quiz|webinar|read)\b"),
    ("quality", r"\b(?:hand[- ]?made|organic|natural|premium|ingredients|crafted|grass-fed|built to last|made (?:from|in|of|with)|fresh|"
                r"durable|steel|cotton|wool|zero sugar|no (?:fillers|additives))\b"),
    ("novelty", r"\b(?:new|introducing|first ever|the only|just (?:landed|launched|dropped)|brand-new|finally here|revolutionary|patented)\b"),
    ("identity", r"\b(?:for (?:people|those|women|men|moms|mums|dads|parents|runners|nurses|teachers|founders|creatives|makers)|people like you|"
                 r"if you(?:'re|’re| are) (?:a|an|the)|born (?:to|between)|pov|attention)\b"),
    ("outcome", r"\b(?:become|achieve|get|earn|lose|grow|build|reach|transform|sleep|feel|look|become|master|finally)\b"),
)  # fmt: skip
"""In the order in which ties are broken: what is said seldom before what is said often."""

ASKS: Final = _table(
    ("donate", r"\b(?:donate|give (?:now|today|monthly)|make a (?:gift|donation)|double (?:yours|your)|sponsor (?:a|now))\b"),
    ("download", r"\b(?:download|install|get the app)\b"),
    ("subscribe", r"\b(?:subscribe|renew)\b"),
    ("apply", r"\bapply (?:now|today|by|for)\b"),
    ("book", r"\b(?:book (?:a|an|your|now|by|before|in)|reserve|schedule)\b"),
    ("contact", r"\b(?:call|text|message|contact|email|write to|reply to|dm) (?:us|now|today|me)\b"),
    ("sign_up", r"\b(?:sign up|join|register|enrol\w*|start (?:your|a) (?:free )?trial|get started|try (?:it )?free)\b"),
    ("get_offer", r"\b(?:claim|redeem|grab|unlock|use code|get (?:your|the) (?:offer|deal|discount|quote|\d+%))\b"),
    ("buy", r"\b(?:shop|order (?:now|yours|today|by)|buy (?:now|one|yours)|add to (?:cart|basket))\b"),
    ("learn", r"\b(?:learn more|read (?:more|the|how)|find out|see (?:how|why|the|what)|discover|watch|take the quiz)\b"),
)  # fmt: skip

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

_WHO = (
    r"(?:parents?|moms?|mums?|dads?|fathers|mothers|families|couples|homeowners?|renters|landlords|drivers|commuters|seniors?|retirees|"
    r"students?|graduates|teachers|nurses|doctors|lifters|runners|cyclists|climbers|gamers|beginners|founders|freelancers|marketers|agencies|"
    r"start-?ups|small (?:teams?|businesses|flats)|teams of [\w ]{1,12}|managers|engineers|developers|designers|creators|donors|veterans|"
    r"travell?ers|hikers|gardeners|musicians|artists|(?:dog|cat|pet|horse|home|car|business|shop|truck|boat) (?:owners?|lovers|parents)|"
    r"(?:women|men|people|adults|kids|children|boys|girls)(?: (?:over|under|aged|in their|with|who) [\w' -]{1,30}?(?=[.,:;!?)\n]|$))?)"
)
_PERSONA: Final = (
    re.compile(rf"\bfor ((?:[a-z-]+ ){{0,2}}?{_WHO})\b", re.IGNORECASE),
    re.compile(rf"^\W*(?:attention,? |calling (?:all )?|dear |hey,? )?((?:[a-z]+ )?{_WHO})(?=[ ,:!?])", re.IGNORECASE),
)


def first(patterns: Patterns, text: str) -> Match | None:
    """The first label of a table, in its order, that the text has words for."""
    for label, pattern in patterns:
        if found := pattern.search(text):
            return Match(label, found.group(0))
    return None


def most(patterns: Patterns, opening: str, whole: str) -> Match | None:
    """The label with most words for it, those of the opening counted thrice; the earlier in the table on a tie."""
    best: tuple[int, Match] | None = None
    for label, pattern in patterns:
        found = next(_found(pattern, opening), None) or next(_found(pattern, whole), None)
        if found is None:
            continue
        count = 3 * len(list(_found(pattern, opening))) + len(list(_found(pattern, whole)))
        if best is None or count > best[0]:
            best = (count, Match(label, found))
    return best[1] if best else None


def persona(opening: str) -> Match | None:
    """Whom the opening says it is for, in its own words and lower case."""
    for pattern in _PERSONA:
        if found := pattern.search(opening):
            return Match(" ".join(found.group(1).lower().split())[: taxonomy.PERSONA_LONGEST], found.group(0))
    return None


def _found(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    return (match.group(0) for match in pattern.finditer(text))
