"""Settings: is it set up?"""

from __future__ import annotations

import uuid
from pathlib import Path

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.creation import products
from viraltracker.creation.products import Product
from viraltracker.jobs import registry
from viraltracker.store.brands import Brand
from viraltracker.web import (
    brand_picker,
    cards,
    guard,
    places,
    product_editor,
    products_view,
    settings_view,
    states,
)
from viraltracker.web.product_editor import Editor

viewer = guard.require_user()
kinds = registry.standard()

NEW = "new"


def open_product(product_id: str) -> None:
    """Goes to one product, or to a new one."""
    st.session_state.pop(product_editor.SAID, None)
    if product_id == NEW:
        # Of this browser's own, so that ten clicks on save make one product.
        st.session_state["new-product"] = str(uuid.uuid4())
    st.query_params.from_dict({"brand": brand.id, "product": product_id})


def close_product() -> None:
    """Goes back to all settings."""
    st.query_params.from_dict({"brand": brand.id})


def draw_product(product_id: str) -> None:
    """One product: a form for those who may change it, else to read. An id that is not of this brand shows nothing."""
    st.button("All settings", type="tertiary", icon=":material/arrow_back:", on_click=close_product)
    may_write = viewer.may_write(brand)
    if product_id == NEW and may_write:
        own = st.session_state.setdefault("new-product", str(uuid.uuid4()))
        blank = Product(id=own, brand_id=brand.id, name="New product", currency=brand.currency)
        product_editor.draw(Editor(viewer.db, blank))
        return
    found = next((each for each in products.of_brand(viewer.db, brand.id) if each.id == product_id), None)
    if found is None:
        states.empty("No such product", "It is gone, or it is not yours to see.", icon=":material/search_off:")
    elif may_write:
        product_editor.draw(Editor(viewer.db, found))
    else:
        products_view.draw_one(viewer.db, found, clock.now().date())


def draw_products(found: list[Product]) -> None:
    """What the brand sells, and the way to more."""
    may_write = viewer.may_write(brand)
    if found:
        label = "Edit" if may_write else "Details"
        products_view.draw(viewer.db, found, clock.now().date(), label, open_product)
    else:
        states.empty(
            "No product yet",
            "Add what the brand sells, with its facts, offers and photos; new ads say nothing else."
            if may_write
            else "Ask an owner or an editor to add what the brand sells.",
            icon=products_view.ICON,
        )
    if may_write:
        st.button("New product", icon=":material/add:", on_click=open_product, args=(NEW,))


def draw_brand() -> None:
    """Products first, since they are changed most."""
    found = products.of_brand(viewer.db, brand.id)
    if found:
        cards.lead(products_view.ready(found, clock.now().date()))
    product_editor.draw_said()
    cards.section("Products")
    draw_products(found)
    cards.section("Targets")
    settings_view.draw_targets(viewer, brand)
    cards.section("Limits")
    configured = guard.configured()
    settings_view.draw_limits(viewer, brand, configured, {name: kind.label for name, kind in kinds.items()})
    cards.section("Keys")
    settings_view.draw_keys(configured)


cards.title("Settings", "Is it set up?")
for sheet in ("schedules.css", "settings.css"):
    st.html(Path(parts.__path__[0]) / sheet)
if viewer.brands:
    brand: Brand = brand_picker.pick(viewer)
    if "product" in st.query_params:
        draw_product(st.query_params["product"])
    else:
        draw_brand()
else:
    states.empty("No brand yet", "Load the demo or import a report first.", icon=":material/settings:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
    cards.section("Keys")
    settings_view.draw_keys(guard.configured())
