"""What making an ad needs to know of a product, whatever keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """One product as its owner describes it. Every claim of an ad comes from here, word by word.

    `price` is the price as it is written ("$39.99"), `offers` are those that hold today, `hooks` opening lines that
    somebody approved, `colours` are "#rrggbb" with the most important first, `photos` the bytes of picture files.
    """

    brand: str
    name: str
    price: str | None = None
    facts: tuple[str, ...] = ()
    benefits: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    photos: tuple[bytes, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Everything that an ad may say: facts, benefits, offers and hooks."""
        return (*self.facts, *self.benefits, *self.offers, *self.hooks)
