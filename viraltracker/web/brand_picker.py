"""Which of the person's brands a page is about."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from viraltracker.store.brands import Brand
from viraltracker.web.guard import Viewer

WIDTH_PX = 320


def pick(viewer: Viewer, *, changed: Callable[[], object] | None = None) -> Brand:
    """The brand in the address, else the first; an address with a brand that is not the person's own means nothing.

    Another choice begins the page anew, with nothing else in its address; `changed` clears what the page had kept of
    the one before. The person has a brand.
    """
    names = {brand.id: brand.name for brand in viewer.brands}
    wanted = st.query_params.get("brand")
    now = wanted if wanted in names else viewer.brands[0].id
    ids = list(names)
    chosen = st.selectbox(
        "Brand",
        ids,
        index=ids.index(now),
        format_func=lambda found: names[found],
        # The address decides, so that a link or the way back is not answered with what was chosen before it.
        key=f"brand-{now}",
        width=WIDTH_PX,
    )
    if chosen != now:
        if changed is not None:
            changed()
        st.query_params.from_dict({"brand": chosen})
        st.rerun()
    st.query_params["brand"] = now
    return next(brand for brand in viewer.brands if brand.id == now)
