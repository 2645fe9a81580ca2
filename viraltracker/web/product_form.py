"""What a person fills in of a product, as values: lines, numbers, and a table of offers. No drawing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from viraltracker.creation.products import Offer, Product

Json = dict[str, Any]

TEXTS: Final = ("facts", "benefits", "hooks", "banned_claims")
"""Lists that are written one item a line."""
OFFER_COLUMNS: Final = ("text", "code", "price", "valid_until")
_COMMA_FOR_POINT: Final = re.compile(r"\d+,\d{1,2}")


def lines(text: str) -> list[str]:
    """The lines that say something, each once."""
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def colours(text: str) -> list[str]:
    """Colours with anything between them, in small letters."""
    return [part.lower() for part in re.split(r"[\s,;]+", text) if part]


def number(text: str) -> str | None:
    """A number as it is meant: 19,90 is nineteen and ninety hundredths. None where nothing is written."""
    typed = text.strip()
    return (typed.replace(",", ".") if _COMMA_FOR_POINT.fullmatch(typed) else typed) or None


def offer_rows(offers: Sequence[Offer]) -> list[Json]:
    """Offers as rows of a table."""
    return [
        {
            "text": offer.text,
            "code": offer.code,
            "price": None if offer.price is None else float(offer.price),
            "valid_until": None if offer.valid_until is None else offer.valid_until.isoformat(),
        }
        for offer in offers
    ]


def offers_after(rows: Sequence[Json], edits: Mapping[str, Any]) -> list[Json]:
    """The rows of a table once its edits (`edited_rows`, `added_rows`, `deleted_rows`) are made, without empty ones."""
    changed = [dict(row) for row in rows]
    for place, values in edits.get("edited_rows", {}).items():
        changed[int(place)] |= values
    gone = set(edits.get("deleted_rows", ()))
    kept = [row for place, row in enumerate(changed) if place not in gone] + [
        dict(row) for row in edits.get("added_rows", ())
    ]
    told = [{name: _cell(row.get(name)) for name in OFFER_COLUMNS} for row in kept]
    return [row for row in told if any(value is not None for value in row.values())]


def _cell(value: object) -> object:
    """A float by its shortest digits, so that 19.9 stays 19.9."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return repr(value) if isinstance(value, float) else value


def values(answers: Mapping[str, Any], product: Product, offers: Sequence[Json]) -> Json:
    """What the model checks: the form's answers, beside which product and revision they are of."""
    return {
        "id": product.id,
        "brand_id": product.brand_id,
        "revision": product.revision,
        "name": answers["name"],
        "url": answers["url"].strip() or None,
        "price": number(answers["price"]),
        "currency": answers["currency"].strip().upper() or None,
        **{field: lines(answers[field]) for field in TEXTS},
        "offers": list(offers),
        "colours": colours(answers["colours"]),
        "audience": answers["audience"].strip() or None,
    }
