"""Recommendations: what should I do?"""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.store import recommendations
from viraltracker.store.brands import Brand
from viraltracker.web import cards, guard, made_for, places, recommendation_answers, recommendations_view, states, times
from viraltracker.web.recommendations_view import Desk

viewer = guard.require_user()

VIEWS = ("open", "snoozed", "answered")


def pick_brand() -> Brand:
    """The brand in the address, else the first; an address with a brand that is not the person's own means nothing."""
    names = {brand.id: brand.name for brand in viewer.brands}
    wanted = st.query_params.get("brand")
    now = wanted if wanted in names else viewer.brands[0].id
    ids = list(names)
    chosen = st.selectbox(
        "Brand", ids, index=ids.index(now), format_func=lambda found: names[found], key=f"brand-{now}", width=320
    )
    if chosen != now:
        st.session_state.pop(recommendation_answers.SAID, None)
        st.query_params.from_dict({"brand": chosen})
        st.rerun()
    st.query_params["brand"] = now
    return next(brand for brand in viewer.brands if brand.id == now)


def pick_view(counts: dict[str, int]) -> str:
    """Open, asleep or answered."""
    chosen = st.segmented_control(
        "View",
        VIEWS,
        default=VIEWS[0],
        required=True,
        format_func=lambda view: f"{view.capitalize()} ({counts[view]:,})",
        label_visibility="collapsed",
        key="recommendations-view",
    )
    return str(chosen or VIEWS[0])


def draw_brand(brand: Brand) -> None:
    """The inbox of a brand."""
    now, zone = clock.now(), times.viewer_zone()
    may_write = viewer.may_write(brand)
    ways = made_for.read(viewer.db, brand.id, may_write=may_write)
    today = now.astimezone(ZoneInfo(zone)).date()
    desk = Desk(viewer.db, brand.id, viewer.user_id, may_write, now, zone, today, ways)
    inbox = recommendations.inbox(viewer.db, brand.id, today=desk.today)
    if inbox["run"] is None:
        states.empty(
            "No analysis yet",
            "Recommendations come from an analysis of the account. Ask for one in Ad Intelligence, or schedule it.",
            icon=":material/checklist:",
        )
        st.page_link(
            places.ad_intelligence(),
            label="Open Ad Intelligence",
            icon=":material/query_stats:",
            query_params={"brand": brand.id},
        )
        return
    cards.freshness(recommendations_view.fresh(inbox["run"], desk))
    view = pick_view({name: len(inbox[name]) for name in VIEWS})
    recommendation_answers.draw_said(viewer.db)
    if inbox[view]:
        recommendations_view.draw(desk, inbox[view], view)
    else:
        recommendations_view.draw_empty(view, inbox)


recommendations_view.heading()
st.html(Path(parts.__path__[0]) / "recommendations.css")
if viewer.brands:
    draw_brand(pick_brand())
else:
    states.empty("No brand yet", "Load the demo or import a report first.", icon=":material/checklist:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
