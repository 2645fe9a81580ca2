"""Amounts of money in running text, in the spellings of many currencies and languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Final

from viraltracker.creation.money import THREE_DECIMAL

Currencies = frozenset[str]

ANY: Final[Currencies] = frozenset()
"""An amount that does not say of what."""

_DOLLARS: Final = frozenset("USD CAD AUD NZD SGD HKD MXN TWD ARS CLP COP".split())  # noqa: SIM905 - a row of codes
_CROWNS: Final = frozenset({"SEK", "NOK", "DKK", "ISK"})

_SIGNS: Final[dict[str, Currencies]] = {
    "US$": frozenset({"USD"}),
    "CA$": frozenset({"CAD"}),
    "C$": frozenset({"CAD"}),
    "AU$": frozenset({"AUD"}),
    "A$": frozenset({"AUD"}),
    "NZ$": frozenset({"NZD"}),
    "HK$": frozenset({"HKD"}),
    "NT$": frozenset({"TWD"}),
    "MX$": frozenset({"MXN"}),
    "S$": frozenset({"SGD"}),
    "R$": frozenset({"BRL"}),
    "$": _DOLLARS,
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW"}),
    "₫": frozenset({"VND"}),
    "฿": frozenset({"THB"}),
    "₺": frozenset({"TRY"}),
    "₽": frozenset({"RUB"}),
    "₪": frozenset({"ILS"}),
    "₦": frozenset({"NGN"}),
    "₱": frozenset({"PHP"}),
    "₴": frozenset({"UAH"}),
    "円": frozenset({"JPY"}),
    "元": frozenset({"CNY"}),
    "원": frozenset({"KRW"}),
}
_LETTERS: Final[dict[str, Currencies]] = {
    "Rs.": frozenset({"INR", "PKR"}),
    "Rs": frozenset({"INR", "PKR"}),
    "kr.": _CROWNS,
    "kr": _CROWNS,
    "Kr": _CROWNS,
    "zł": frozenset({"PLN"}),
    "Kč": frozenset({"CZK"}),
    "руб": frozenset({"RUB"}),
    "лв": frozenset({"BGN"}),
}
_CODES: Final = frozenset(
    re.findall(
        "[A-Z]{3}",
        "AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CZK DKK DZD EGP EUR GBP GHS HKD HRK HUF IDR ILS INR ISK JOD "
        "JPY KES KRW KWD LKR MXN MYR NGN NOK NPR NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD "
        "UAH USD UYU VND ZAR",
    )
)
_ALSO_WORDS: Final = frozenset({"PEN", "RON", "TRY"})
"""Codes that are words in capitals too: taken for money only where the product is sold in them."""
_ONLY_AT_HOME: Final[dict[str, str]] = {"ZAR": "R", "HUF": "Ft", "CHF": r"Fr\.?", "RON": "lei", "PLN": "zl"}
"""Signs that mean money only where the product is sold in that currency: 20 ft is a length elsewhere."""
_NAMES: Final[dict[str, Currencies]] = {
    r"dollars?|bucks?|d[oó]lares": _DOLLARS,
    r"euros?": frozenset({"EUR"}),
    r"quid|pounds? sterling": frozenset({"GBP"}),
    r"yen": frozenset({"JPY"}),
    r"yuan|renminbi": frozenset({"CNY"}),
    r"rupees?": frozenset({"INR", "PKR"}),
    r"kronor|kroner|kronen": _CROWNS,
    r"franken|swiss francs?": frozenset({"CHF"}),
    r"reais": frozenset({"BRL"}),
    r"pesos": frozenset({"MXN", "ARS", "CLP", "COP", "PHP"}),
    r"z[lł]oty(?:ch)?": frozenset({"PLN"}),
}

UNITS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "twenty-five": 25, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "seventy-five": 75, "eighty": 80, "ninety": 90, "hundred": 100,
}  # fmt: skip
"""Numbers that are written out."""
SPELLED: Final = "|".join(sorted((name.replace("-", "[- ]") for name in UNITS), key=len, reverse=True))

_TIGHT: Final = r"\d{1,3}(?:[.,'’\u00a0\u202f\u2009]\d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)|\d{1,12}(?:[.,]\d{1,3})?(?!\d)"
_LOOSE: Final = r"\d{1,3}(?: \d{3}){1,4}(?:[.,]\d{1,2})?|" + _TIGHT
_SCALE: Final = r"(?:\s?(?P<scale>k|m|thousand|million)\b)?"
_SCALES: Final = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}
_ON_ITS_OWN: Final = r"(?<![^\W\d_])"
_CUES: Final = (
    r"only|just|now|for|from|price[sd]?|pay|costs?|at|nur|jetzt|statt|ab|für|solo|sólo|desde|por|seulement|dès"
)
_BARE: Final = re.compile(
    rf"\b(?:{_CUES})\b[:\s]\s?(?P<number>\d{{1,5}}[.,]\d{{2}})(?![.,]?\d)(?!\s?(?:%|[^\W\d_]))", re.IGNORECASE
)
"""A number that looks like a price behind a word that announces one."""
_DASHED: Final = re.compile(r"(?<![\w.,])(?P<number>\d{1,5})(?:[.,:][-–—])(?!\d)")
"""19,– as German, Dutch and Swedish shops write it."""
_NEAR: Final = 20
"""Letters before a sign in which a word about sizes stands."""
_SIZE: Final = re.compile(r"(?:size|gr(?:ö|oe)(?:ß|ss)e|taille|talla)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Amount:
    """An amount as it may be read: 1 299 is one or two numbers. `currencies` is ANY where none is named."""

    values: frozenset[Decimal]
    currencies: Currencies
    start: int
    end: int

    def reads_as(self, value: Decimal, currency: str | None) -> bool:
        """Whether it can be this much of this currency; None fits any."""
        return value in self.values and (not self.currencies or currency is None or currency in self.currencies)


def find(text: str, currency: str | None) -> list[Amount]:
    """The amounts in a cleaned text, in order. `currency` is what the product is sold in: it decides about signs that
    mean something else elsewhere."""
    found: list[Amount] = []
    for each in sorted(_all(text, currency), key=lambda amount: (amount.start, -amount.end)):
        if found and each.start < found[-1].end:
            found[-1] = _merged(found[-1], each)
        else:
            found.append(each)
    return found


def _merged(first: Amount, second: Amount) -> Amount:
    """Two readings of one place, as $20 and 20 USD in "$20 USD"."""
    both = first.currencies & second.currencies if first.currencies and second.currencies else ANY
    currencies = both or first.currencies or second.currencies
    return Amount(first.values, currencies, first.start, max(first.end, second.end) if both else first.end)


def _all(text: str, currency: str | None) -> Iterator[Amount]:
    marks = _marks(currency)
    for found in marks.before.finditer(text):
        if not _SIZE.search(text, max(0, found.start() - _NEAR), found.start()):
            of = marks.of(found["mark"])
            yield Amount(_values(found, of), of, found.start(), max(found.end("number"), found.end("scale")))
            if found["until"] is not None:
                yield Amount(readings(found["until"], of), of, *found.span("until"))
    for found in marks.behind.finditer(text):
        of = marks.of(found["mark"])
        yield Amount(_values(found, of), of, found.start("number"), found.end())
        if found["from"] is not None:
            yield Amount(readings(found["from"], of), of, *found.span("from"))
    for expression, of in _NAMED:
        for found in expression.finditer(text):
            yield Amount(_values(found, of), of, *found.span())
    for found in marks.cents.finditer(text):
        yield Amount(frozenset(value / 100 for value in _values(found, ANY)), ANY, *found.span())
    yield from _without_sign(text)


def _without_sign(text: str) -> Iterator[Amount]:
    for found in _DASHED.finditer(text):
        yield Amount(readings(found["number"], ANY), ANY, *found.span())
    for found in _BARE.finditer(text):
        whole, part = re.split("[.,]", found["number"])
        # A day of a month, or a time of day.
        if (int(whole) <= 31 and int(part) <= 12) or (int(whole) <= 24 and int(part) < 60):
            continue
        yield Amount(readings(found["number"], ANY), ANY, *found.span("number"))


def _values(found: re.Match[str], of: Currencies) -> frozenset[Decimal]:
    spelled = UNITS.get(re.sub(r"[\s-]+", "-", found["number"].lower()))
    if spelled is not None:
        return frozenset({Decimal(spelled)})
    scale = _SCALES.get((found.groupdict().get("scale") or "").lower(), 1)
    return frozenset(value * scale for value in readings(found["number"], of))


def readings(number: str, of: Currencies) -> frozenset[Decimal]:
    """What digits with separators can mean. 1.250 is a thousand and more, in dinars of three decimals also one."""
    found = {_value(re.sub(r"[\s'’]", "", number))}
    if " " in number:
        # "pack of 2 100 kr": the groups may be numbers of their own, of which the last is the amount.
        found |= {_value(number.rpartition(" ")[2])}
    plain = number.replace(",", ".")
    if of & THREE_DECIMAL and re.fullmatch(r"\d{1,3}\.\d{3}", plain):
        found.add(Decimal(plain))
    return frozenset(found)


def _value(digits: str) -> Decimal:
    marks = [mark for mark in digits if mark in ".,"]
    if not marks:
        return Decimal(digits)
    whole, _, part = digits.rpartition(marks[-1])
    # A last mark like the one before it groups digits, and so does one before exactly three of them.
    groups = any(one == other for one, other in pairwise(marks)) or (
        len(part) == 3 and len(set(marks)) == 1 and not whole.startswith("0")
    )
    whole = re.sub("[.,]", "", whole)
    return Decimal(whole + part) if groups else Decimal(f"{whole}.{part}")


@dataclass(frozen=True)
class _Marks:
    """What marks money for a product that is sold in one currency."""

    before: re.Pattern[str]
    behind: re.Pattern[str]
    cents: re.Pattern[str]
    at_home: re.Pattern[str] | None
    currency: str

    def of(self, mark: str) -> Currencies:
        known = _SIGNS.get(mark) or _LETTERS.get(mark)
        if known:
            return known
        if self.at_home is not None and self.at_home.fullmatch(mark):
            return frozenset({self.currency})
        return frozenset({mark})


@cache
def _marks(currency: str | None) -> _Marks:
    signs = [re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True)]
    letters = [re.escape(name) for name in sorted(_LETTERS, key=len, reverse=True)]
    letters += [code for code in sorted(_CODES) if code not in _ALSO_WORDS or code == currency]
    if currency is not None and currency not in _CODES:
        letters.append(re.escape(currency))
    home = _ONLY_AT_HOME.get(currency or "")
    if home is not None:
        letters.append(home)
    # A sign may follow a letter ("nur€20"); a name made of letters is a word of its own.
    either = "|".join([*signs, *(_ON_ITS_OWN + name for name in letters)])
    mark = f"(?P<mark>{either})"
    cents = r"¢|cents?\b|centimes\b|c[eé]ntimos\b|centavos\b" + (r"|p\b|pence\b" if currency == "GBP" else "")
    return _Marks(
        re.compile(rf"{mark}\s?(?P<number>{_TIGHT}){_SCALE}(?:\s?[-–—]\s?(?P<until>{_TIGHT}))?"),
        re.compile(rf"(?<![\w.,])(?:(?P<from>{_TIGHT})\s?[-–—]\s?)?(?P<number>{_LOOSE})\s?{mark}(?!\w)"),
        re.compile(rf"(?<![\w.,])(?P<number>\d{{1,3}}|(?:{SPELLED})\b)\s?(?:{cents})", re.IGNORECASE),
        re.compile(home) if home is not None else None,
        currency or "",
    )


_NAMED: Final = tuple(
    (re.compile(rf"(?<![\w.,])(?P<number>{_LOOSE}|(?:{SPELLED})\b)\s(?:{name})\b", re.IGNORECASE), of)
    for name, of in _NAMES.items()
)
