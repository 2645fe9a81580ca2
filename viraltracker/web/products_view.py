"""A brand's products as a list, and one of them to read. Every text comes from people and is escaped here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

import streamlit as st

from viraltracker.creation import claims, money
from viraltracker.creation.claims import Finding
from viraltracker.creation.products import Offer, Problem, Product, problems
from viraltracker.errors import Unavailable
from viraltracker.store.client import Database
from viraltracker.web import pictures, words

THUMBNAIL_PX: Final = 180
ICON: Final = ":material/inventory_2:"


def ready(products: Sequence[Product], today: date) -> str:
    """How many products ads can be made of, as a sentence."""
    used = [product for product in products if product.archived_at is None]
    if not used:
        return "Every product is in the archive, so new ads would have nothing to say."
    good = sum(not any(each.severity == "error" for each in problems(product, today)) for product in used)
    if good == len(used):
        return f"{words.counted(good, 'product')} {'is' if good == 1 else 'are'} ready for ads."
    return f"{good:,} of {words.counted(len(used), 'product')} {'is' if good == 1 else 'are'} ready for ads."


def photos(db: Database, storage_keys: Sequence[str], edge_px: int = THUMBNAIL_PX) -> Mapping[str, str | None]:
    """A data URI by storage key; nothing while Storage is away, since the texts are worth showing without."""
    try:
        return pictures.by_key(db, list(storage_keys), edge_px)
    except Unavailable:
        return {}


def draw(
    db: Database, products: Sequence[Product], today: date, label: str, open_product: Callable[[str], None]
) -> None:
    """The products in use, then those in the archive; a button of that label opens one."""
    covers = {product.id: product.photos[0].storage_key for product in products if product.photos}
    shown = photos(db, list(covers.values()))
    used = [product for product in products if product.archived_at is None]
    for product in used:
        _draw_row(product, shown.get(covers.get(product.id, "")), today, label, open_product)
    archived = [product for product in products if product.archived_at is not None]
    if archived:
        with st.expander(f"Archive ({len(archived):,})", icon=":material/archive:"):
            for product in archived:
                _draw_row(product, shown.get(covers.get(product.id, "")), today, label, open_product)


def _draw_row(
    product: Product, picture: str | None, today: date, label: str, open_product: Callable[[str], None]
) -> None:
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key=f"product-row-{product.id}", gap="medium"
    ):
        st.html(row(product, picture, problems(product, today)))
        st.button(label, key=f"open-{product.id}", on_click=open_product, args=(product.id,))


def row(product: Product, picture: str | None, found: Sequence[Problem]) -> str:
    """HTML: a product's photo, name, price, how much it states, and what is missing."""
    shown = f'<img src="{words.html(picture)}" alt="">' if picture else "<i>No photo</i>"
    counted = [
        words.counted(len(product.facts), "fact"),
        words.counted(len(product.offers), "offer"),
        words.counted(len(product.photos), "photo"),
    ]
    price = f"<b>{words.html(product.written_price)}</b> · " if product.written_price else ""
    return (
        f'<article class="vt-product"><figure>{shown}</figure><div><h4>{words.html(product.name)}</h4>'
        f"<p>{price}{' · '.join(counted)}</p>{missing(found)}</div></article>"
    )


def missing(found: Sequence[Problem], lines: Sequence[tuple[str, Finding]] = ()) -> str:
    """HTML: what stands in the way of ads, and lines that no ad could use; a tag where nothing does."""
    items = [
        f'<li><span class="vt-tag {"bad" if each.severity == "error" else "warn"}">'
        f"{'Not ready' if each.severity == 'error' else 'Missing'}</span>{words.html(each.message)}</li>"
        for each in found
        if each.field != "archived_at"
    ]
    items += [
        f'<li><span class="vt-tag warn">Unused</span>“{words.html(line)}” says “{words.html(finding.words)}”. '
        f"{words.html(finding.reason)}</li>"
        for line, finding in lines
    ]
    if not items:
        return '<ul class="vt-missing"><li><span class="vt-tag good">Ready for ads</span></li></ul>'
    return f'<ul class="vt-missing">{"".join(items)}</ul>'


def offer(found: Offer, currency: str | None, today: date) -> str:
    """An offer in words, with all that belongs to it."""
    parts = [found.text]
    if found.price is not None and currency is not None:
        parts.append(money.written(found.price, currency))
    if found.code is not None:
        parts.append(f"code {found.code}")
    if found.valid_until is not None:
        ended = "until" if found.is_live(today) else "ended"
        parts.append(f"{ended} {words.day(found.valid_until)}")
    return " · ".join(parts)


def swatches(colours: Sequence[str]) -> str:
    """HTML: the brand's colours, each beside its name. They have the form #rrggbb, so they may stand in a style."""
    return (
        '<div class="vt-colours">'
        + "".join(f'<span><i style="background:{colour}"></i>{colour}</span>' for colour in colours)
        + "</div>"
    )


def draw_one(db: Database, product: Product, today: date) -> None:
    """All of a product, to read."""
    st.html(f'<h2 class="vt-brand">{words.html(product.name)}</h2>')
    st.html(missing(problems(product, today), claims.in_product(product, today)))
    said: dict[str, str] = {
        "Price": words.html(product.written_price or ""),
        "Web address": words.html(product.url or ""),
        "Facts": _list(product.facts),
        "Benefits": _list(product.benefits),
        "Hooks": _list(product.hooks),
        "Offers": _list([offer(each, product.currency, today) for each in product.offers]),
        "Banned claims": _list(product.banned_claims),
        "Colours": swatches(product.colours) if product.colours else "",
        "Audience": words.html(product.audience or ""),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{value or '–'}</dd>" for name, value in said.items())
    st.html(f'<dl class="vt-facts">{rows}</dl>')
    if product.photos:
        shown = photos(db, [photo.storage_key for photo in product.photos], 480)
        columns = st.columns(4)
        for place, photo in enumerate(product.photos):
            with columns[place % 4]:
                st.html(figure(shown.get(photo.storage_key), f"Photo {place + 1} of {product.name}"))


def figure(picture: str | None, name: str) -> str:
    """HTML: one photo, or that it cannot be shown."""
    inside = (
        f'<img src="{words.html(picture)}" alt="{words.html(name)}">' if picture else "<i>It cannot be shown now</i>"
    )
    return f'<figure class="vt-photo">{inside}</figure>'


def _list(lines: Sequence[str]) -> str:
    items = "".join(f"<li>{words.html(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""
