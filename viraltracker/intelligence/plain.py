"""Results as plain JSON values, and numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any, Final, cast

ZERO_DECIMAL: Final = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905 - a row of codes reads best
)
"""Currencies without a smaller unit (ISO 4217)."""

_LABELS: Final[Mapping[str, str]] = {
    "video_ugc": "UGC video",
    "video_professional": "professional video",
    "video_testimonial": "video testimonial",
    "video_demo": "video demo",
    "image_static": "static picture",
    "image_before_after": "before and after picture",
    "image_testimonial": "picture testimonial",
    "image_product": "product picture",
    "short_0_15": "up to 15 s",
    "medium_15_30": "15 to 30 s",
    "long_30_60": "30 to 60 s",
    "very_long_60_plus": "over 60 s",
    "how_to": "how to",
    "price_value": "price and value",
    "cta": "call to action",
}


def plain(value: Any) -> Any:
    """The same value made of dict, list, str, int, float, bool and None only.

    NaN and infinity become None: a number that cannot be stated is absent, never a special float. A dataclass
    may offer `as_dict` to choose its own keys.
    """
    kind = type(value)
    if value is None or kind in _PLAIN:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is dict:
        return {str(key): plain(item) for key, item in value.items()}
    if kind in _LISTS:
        return [plain(item) for item in value]
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in _names(cast("Hashable", kind))}
    if hasattr(value, "dtype") and hasattr(value, "item"):  # a scalar of NumPy, which is not imported for it
        return plain(value.item())
    return value.isoformat() if isinstance(value, date) else value


_PLAIN = (str, int, bool)
_LISTS = (list, tuple, set, frozenset)


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast("Any", kind)))


def known(value: float | None) -> float | None:
    """The number when it can be stated, else None."""
    return None if value is None or not math.isfinite(value) else float(value)


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """numerator / denominator; None when either is unknown or the denominator is zero."""
    if numerator is None or denominator is None or not denominator:
        return None
    return known(numerator / denominator)


def amount(value: float, currency: str) -> str:
    """Money without its currency: `1,234.50`, of one that has no smaller unit `1,234`."""
    return f"{value:,.{0 if currency in ZERO_DECIMAL else 2}f}"


def money(value: float, currency: str) -> str:
    """For example `USD 1,234.50` or `JPY 1,234`."""
    return f"{currency} {amount(value, currency)}"


def percent(share: float) -> str:
    """A probability as whole percent; never rounded up to certainty or down to impossibility."""
    if share > 0.99:
        return "over 99 %"
    if share < 0.01:
        return "under 1 %"
    return f"{share * 100:.0f} %"


def count(number: float, noun: str) -> str:
    """For example `1 purchase`, `12 purchases`."""
    return f"{number:,.0f} {noun}" if round(number) == 1 else f"{number:,.0f} {noun}s"


def label(name: str) -> str:
    """A label of any list as in `problem aware` or `UGC video`."""
    return _LABELS.get(name) or name.replace("_", " ")
