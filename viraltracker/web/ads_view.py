"""A brand's ads in a list before an analysis has judged them: what each says, who says so, and what it has spent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from viraltracker.analysis import sources
from viraltracker.creatives import in_words, taxonomy
from viraltracker.store import readings
from viraltracker.store.client import Database
from viraltracker.web import labels_view, states, words
from viraltracker.web.pager import Pager
from viraltracker.web.pictures import Pictures, thumbnails_or_none

Json = dict[str, Any]

PER_PAGE: Final = 40
PAGES: Final = Pager("ads")
EDGE_PX: Final = 112
BUTTON_PX: Final = 80
ANY: Final = "any"
ABSENT: Final = ""
"""How an ad without a label is asked for."""


def draw(db: Database, brand_id: str, show: Callable[[str], None]) -> None:
    """The filters and one page of the list; `show` is called with the id of an ad that is opened, as a callback.

    A brand with an account has its ads from there, else they are those of the imported file.
    """
    dataset_id = None
    found = _read(db, brand_id, None)
    if not found["total"]:
        dataset_id = sources.choose(db, brand_id).dataset_id
        found = found if dataset_id is None else _read(db, brand_id, dataset_id)
    if not found["total"]:
        states.empty(
            "No ads yet",
            "Connect the ad account or import a report from Ads Manager on the Data page.",
            icon=":material/label_off:",
        )
        return
    _draw_filters(found)
    st.html(f'<p class="vt-more">{words.html(counted(found, dataset_id))}</p>')
    if not found["ads"]:
        states.empty("Nothing fits", "No ad fits these filters.", icon=":material/filter_alt_off:")
        return
    shown = thumbnails_or_none(Pictures(db, brand_id), [ad["ad_id"] for ad in found["ads"]], EDGE_PX)
    with st.container(horizontal=True, vertical_alignment="center", key="ad-head"):
        st.html(HEAD)
        st.html("<div></div>", width=BUTTON_PX)
    for ad in found["ads"]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"ad-row-{ad['ad_id']}"):
            st.html(row(ad, shown.get(ad["ad_id"])))
            st.button("Details", key=f"open-{ad['ad_id']}", width=BUTTON_PX, on_click=show, args=(ad["ad_id"],))
    PAGES.draw(found["found"], PER_PAGE)


def _read(db: Database, brand_id: str, dataset_id: str | None) -> Json:
    """The page that is looked at; the first one, where filters left less than it begins with."""
    given: dict[str, Any] = {
        "search": str(st.session_state.get("ads-search") or "").strip(),
        "awareness": _chosen("ads-awareness"),
        "ad_format": _chosen("ads-format"),
        "dataset_id": dataset_id,
        "limit": PER_PAGE,
    }
    found = readings.ads(db, brand_id, offset=PAGES.here() * PER_PAGE, **given)
    if not found["ads"] and PAGES.here():
        PAGES.first()
        found = readings.ads(db, brand_id, **given)
    return found


def _chosen(key: str) -> str | None:
    label = st.session_state.get(key, ANY)
    return None if label in (ANY, None) else str(label)


def counted(found: Json, dataset_id: str | None = None) -> str:
    """How many ads there are, how many fit, and of which days the spend is."""
    every = f"{found['total']:,} {'ad' if found['total'] == 1 else 'ads'}"
    said = every if found["found"] == found["total"] else f"{found['found']:,} of {every}"
    if dataset_id is not None:
        return f"{said} of the imported file, highest spend first."
    if found["last"] is None:
        return f"{said}. No day's numbers are stored yet, so no spend is known."
    return f"{said}, highest spend first: {words.window(found['first'], found['last'])}."


def choices(counts: Mapping[str, int], order: tuple[str, ...], any_of: str, absent: str) -> dict[str, str]:
    """What a filter offers: labels that occur, in their order, with how many ads have them."""
    named = {label: f"{labels_view.name(label)} ({counts[label]:,})" for label in order if counts.get(label)}
    if counts.get(ABSENT):
        named[ABSENT] = f"{absent} ({counts[ABSENT]:,})"
    return {ANY: any_of, **named}


def _draw_filters(found: Json) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="ad-filters"):
        st.text_input(
            "Search",
            placeholder="Name, words or id",
            max_chars=100,
            key="ads-search",
            width=260,
            on_change=PAGES.first,
            persist_state="session",
        )
        _select(
            "ads-awareness", "Stage", choices(found["awareness"], tuple(taxonomy.AWARENESS), "Any stage", "No label")
        )
        _select("ads-format", "Format", choices(found["formats"], tuple(taxonomy.FORMAT), "Any format", "No label"))


def _select(key: str, title: str, named: Mapping[str, str]) -> None:
    # A label that no ad has any more stays on offer while it is chosen.
    now = st.session_state.get(key, ANY)
    options = dict(named) if now in named or now is None else {**named, now: f"{labels_view.name(now)} (0)"}
    st.selectbox(
        title,
        list(options),
        format_func=lambda one: options.get(one, labels_view.name(one)),
        key=key,
        width=230,
        on_change=PAGES.first,
        persist_state="session",
    )


HEAD: Final = (
    '<div class="vt-ad head"><span></span><span>Ad</span><span class="num">Spend</span><span>Stage</span>'
    "<span>Format</span><span>Hook</span><span>Angle</span></div>"
)


def row(ad: Json, picture: str | None) -> str:
    """HTML: a small picture, what it is, what it spent, its labels and who gave the stage."""
    shown = f'<img src="{words.html(picture)}" alt="">' if picture else f"<i>{_kind(ad)}</i>"
    status = (ad["effective_status"] or "").replace("_", " ").lower()
    said = " · ".join(part for part in (status, ad["headline"] or "") if part)
    spend = words.money(None if ad["spend"] is None else float(ad["spend"]), ad["currency"] or "")
    reader = "" if ad["reader"] is None else f"<small>{words.html(in_words.in_short(ad['reader']))}</small>"
    plain = "".join(
        f'<span title="{words.html(labels_view.definition(field, ad[field] or ""))}">'
        f"{words.html(labels_view.name(ad[field]))}</span>"
        for field in ("format", "hook", "angle")
    )
    return (
        f'<div class="vt-ad"><figure>{shown}</figure>'
        f'<span class="name"><b title="{words.html(ad["name"] or "")}">{words.html(ad["name"] or ad["ad_id"])}</b>'
        f"<small>{words.html(said)}</small></span>"
        f'<span class="num">{spend}</span>'
        f"<span>{labels_view.tag('awareness', ad['awareness'])}{reader}</span>{plain}</div>"
    )


def _kind(ad: Json) -> str:
    return "Video" if ad["object_type"] == "video" else "No picture"
