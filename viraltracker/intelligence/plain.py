"""Results as plain JSON values, and numbers as people read them."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any


def plain(value: Any) -> Any:
    """The same value made of dict, list, str, int, float, bool and None only.

    NaN and infinity become None: a number that cannot be stated is absent, never a special float. A dataclass
    may offer `as_dict` to choose its own keys.
    """
    result = value
    if isinstance(value, bool):
        result = value
    elif isinstance(value, int):
        result = int(value)
    elif isinstance(value, float):
        result = float(value) if math.isfinite(value) else None
    elif hasattr(value, "dtype") and hasattr(value, "item"):  # a scalar of NumPy, which is not imported for it
        result = plain(value.item())
    elif isinstance(value, date):
        result = value.isoformat()
    elif hasattr(value, "as_dict"):
        result = value.as_dict()
    elif is_dataclass(value):
        result = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    elif isinstance(value, dict):
        result = {str(key): plain(item) for key, item in value.items()}
    elif isinstance(value, list | tuple | set | frozenset):
        result = [plain(item) for item in value]
    return result


def known(value: float | None) -> float | None:
    """The number when it can be stated, else None."""
    return None if value is None or not math.isfinite(value) else float(value)


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """numerator / denominator; None when either is unknown or the denominator is zero."""
    if numerator is None or denominator is None or not denominator:
        return None
    return known(numerator / denominator)


def money(amount: float, currency: str) -> str:
    """For example `USD 1,234.50`."""
    return f"{currency} {amount:,.2f}"


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
