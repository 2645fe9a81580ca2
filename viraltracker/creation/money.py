"""How an amount of money is written in an ad, by the currency's own smallest unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from viraltracker.intelligence.plain import ZERO_DECIMAL

THREE_DECIMAL: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Currencies of a thousand smaller units (ISO 4217)."""
SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "AUD": "A$", "CAD": "C$", "NZD": "NZ$", "INR": "₹"}


def decimals(currency: str) -> int:
    """Digits after the point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def written(amount: Decimal, currency: str) -> str:
    """As in $59, $59.50, ¥1,980 and CHF 20: whole amounts without cents, and never a digit less than there is."""
    sign = SYMBOLS.get(currency) or f"{currency} "
    plain = amount.normalize()
    exponent = plain.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return f"{sign}{amount:,.{max(digits, decimals(currency)) if digits else 0}f}"
