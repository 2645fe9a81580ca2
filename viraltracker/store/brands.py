"""Brands, and finding one by the name a person types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from viraltracker.errors import BadInput, NotFound, Refused
from viraltracker.store.client import Database

ALIKE: Final = 0.75
"""So alike (0 to 1, `difflib`) are a name and a slip of it."""


@dataclass(frozen=True)
class Brand:
    """A `brands` row. `goal` names the result that counts (None: inferred from the data); targets are in `currency`."""

    id: str
    organization_id: str
    name: str
    aliases: tuple[str, ...]
    goal: str | None
    target_cpa: float | None
    target_roas: float | None
    currency: str | None

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Brand:
        """Reads the row as PostgREST gives it."""
        return cls(
            id=row["id"],
            organization_id=row["organization_id"],
            name=row["name"],
            aliases=tuple(row["aliases"] or ()),
            goal=row["goal"],
            target_cpa=row["target_cpa"],
            target_roas=row["target_roas"],
            currency=row["currency"],
        )


def all_visible(db: Database) -> list[Brand]:
    """Every brand this identity may see, by name."""
    return sorted((Brand.from_row(row) for row in db.rows("brands")), key=lambda brand: brand.name.lower())


def of_organization(db: Database, organization_id: str) -> list[Brand]:
    """The brands of one organisation."""
    return [Brand.from_row(row) for row in db.rows("brands", where={"organization_id": organization_id})]


def get(db: Database, brand_id: str) -> Brand:
    """The brand with that id; NotFound when it is not visible."""
    rows = db.rows("brands", where={"id": brand_id})
    if not rows:
        raise NotFound("There is no such brand.")
    return Brand.from_row(rows[0])


def find(db: Database, wanted: str) -> Brand:
    """The brand with that id, name or alias (case does not matter).

    Raises NotFound naming the brands there are, and the one that may be meant; BadInput when two organisations have
    one of that name.
    """
    visible = all_visible(db)
    folded = wanted.strip().casefold()
    found = [
        brand
        for brand in visible
        if folded in {brand.id, brand.name.casefold(), *(alias.casefold() for alias in brand.aliases)}
    ]
    if len(found) > 1:
        raise BadInput(f'More than one brand is called "{wanted}"; use its id: {", ".join(b.id for b in found)}.')
    if not found:
        known = ", ".join(brand.name for brand in visible) or "none yet"
        raise NotFound(f'There is no brand "{wanted}".{_meant(folded, visible)} Brands: {known}.')
    return found[0]


def _meant(folded: str, visible: Sequence[Brand]) -> str:
    """The question whether a slip of a name was meant, or nothing."""
    names = {name.casefold(): brand.name for brand in visible for name in (brand.name, *brand.aliases)}
    close = get_close_matches(folded, names, n=1, cutoff=ALIKE)
    return f" Did you mean {names[close[0]]}?" if close else ""


def ensure(db: Database, name: str, *, organization_id: str | None = None, **fields: object) -> Brand:
    """The brand of that name, made when it is missing in the (only) organisation.

    `fields` are columns of a new row; an existing brand is left as it is.
    """
    if not name.strip():
        raise BadInput("A brand needs a name.")
    try:
        return find(db, name)
    except NotFound:
        pass
    organization = organization_id or _only_organization(db)
    db.insert_new("brands", {"organization_id": organization, "name": name.strip(), **fields})
    return find(db, name)


def set_targets(
    db: Database,
    brand_id: str,
    *,
    goal: str | None,
    target_cpa: Decimal | None,
    target_roas: Decimal | None,
    currency: str | None,
) -> None:
    """What counts as a result of the brand's ads, and what one may cost in `currency`; None leaves it to the data.

    Raises BadInput for values that are none, Refused without the right to write.
    """
    wanted = {"goal": goal, "target_cpa": target_cpa, "target_roas": target_roas, "currency": currency}
    if not db.update("brands", wanted, where={"id": brand_id}):
        raise Refused("You may not change the targets of this brand; ask an owner or editor.")


def _only_organization(db: Database) -> str:
    rows = db.rows("organizations", columns="id")
    if not rows:
        raise NotFound("There is no organisation yet; sign in to the app once to create it.")
    if len(rows) > 1:
        raise BadInput("There is more than one organisation; name the brand's organisation.")
    return str(rows[0]["id"])
