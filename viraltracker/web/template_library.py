"""The library of templates: cards by page, and one template by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import streamlit as st

from viraltracker.creatives import in_words
from viraltracker.errors import ViralTrackerError
from viraltracker.intelligence.track_record import TrackRecord
from viraltracker.store import templates
from viraltracker.store.templates import PAGE, Filter, Sort
from viraltracker.web import (
    cards,
    pictures,
    provenance,
    states,
    template_html,
    template_labels,
    times,
    track_record_html,
    words,
)
from viraltracker.web.ad_view import Place
from viraltracker.web.pager import Pager

Json = dict[str, Any]

PAGES: Final = Pager("templates")
ANY: Final = "(any)"
SORTS: Final[Mapping[Sort, str]] = {"longevity": "Longest running", "newest": "Newest", "name": "Name"}
RUNNING: Final = {ANY: "Running or not", "running": "Still running", "ended": "Ended"}
STAND_IN: Final = "sandbox"
SOURCES: Final = {
    "upload": "a file",
    "meta_ad_library": "Meta's Ad Library",
    "apify": "Apify",
    STAND_IN: "the sandbox, in Apify's place,",
}
LARGE_PX: Final = 1000


def counts(at: Place) -> Json:
    """What stands above every view (see `templates.counts`)."""
    return templates.counts(at.db, at.brand_id)


def read(at: Place) -> Json:
    """The page that is looked at (see `templates.library`)."""
    return templates.library(at.db, at.brand_id, wanted(), page=PAGES.here())


def wanted() -> Filter:
    """What the questions above the cards ask for."""
    running = st.session_state.get("templates-running", ANY)
    return Filter(
        search=str(st.session_state.get("templates-search") or "").strip(),
        layout=_chosen("layout"),
        awareness=_chosen("awareness"),
        hook=_chosen("hook"),
        running=None if running == ANY else running == "running",
        archived=bool(st.session_state.get("templates-archived")),
        sort=st.session_state.get("templates-sort") or "longevity",
    )


def freshness(found: Json, now: datetime) -> list[tuple[str, str]]:
    """How many templates there are, and when ads were last brought."""
    said = [
        (words.counted(found["templates"], "template"), ""),
        (f"{words.counted(found['ads'], 'ad')} of other brands", ""),
    ]
    newest = found["newest_scrape"]
    if newest and newest["finished_at"]:
        source = STAND_IN if newest["counts"].get("apify_stand_in") else newest["source"]
        what = f"from {SOURCES.get(source, source)}"
        state = "brought" if newest["status"] == "completed" else "not brought: the scrape failed"
        said.append((f"last {state} {what} {words.ago(newest['finished_at'], now)}", times.utc(newest["finished_at"])))
    if found["pending"]:
        said.append((f"{words.counted(found['pending'], 'picture')} wait to be read", ""))
    return said


def draw(at: Place, found: Json, show: Callable[[str], None]) -> None:
    """The questions and the cards."""
    _draw_filters(found)
    if not found["items"]:
        states.empty("No template fits", "Ask for less: clear the search or a filter.", icon=":material/search_off:")
        return
    shown = pictures.by_key_or_none(at.db, [item["storage_key"] for item in found["items"]])
    records = _records(at, [item["id"] for item in found["items"]])
    with st.container(key="template-cards"):
        for item in found["items"]:
            with st.container(key=f"template-card-{item['id']}", gap=None):
                st.html(template_html.card(item, shown.get(item["storage_key"]), records.get(item["id"])))
                st.button("Details", key=f"open-{item['id']}", width="stretch", on_click=show, args=(item["id"],))
    PAGES.draw(found["found"], PAGE)


def draw_one(at: Place, template_id: str, back: Callable[[], None]) -> None:
    """One template; an id that is not the person's to see shows nothing."""
    st.button("All templates", type="tertiary", icon=":material/arrow_back:", key="back", on_click=back)
    found = templates.one(at.db, template_id)
    if found is None:
        states.empty("No such template", "It is gone, or it is not yours to see.", icon=":material/search_off:")
        return
    said = st.session_state.pop("template-said", None)
    if said:
        st.success(words.literal(said), icon=":material/check_circle:")
    left, right = st.columns([5, 4])
    picture = pictures.by_key_or_none(at.db, [found["storage_key"]], LARGE_PX).get(found["storage_key"])
    with left:
        st.html(template_html.large(picture, found["text_regions"]))
    with right:
        st.html(f'<h3 class="vt-section first">{words.html(found["name"])}</h3>')
        st.html(f"<p>{template_html.standing(found['ad'])}</p>{template_html.reading(found)}")
        st.html(f'<p class="vt-more">{words.html(template_html.decided(found["item"]))}</p>')
        cards.section("Ads made from it")
        st.html(track_record_html.whole(_records(at, [found["id"]]).get(found["id"])))
        cards.section("The ad")
        st.html(template_html.ad(found["ad"], at.now.date()))
        if at.may_write:
            _draw_changes(at, found)


def _draw_changes(at: Place, found: Json) -> None:
    with st.expander("Edit", icon=":material/edit:"):
        edits = template_labels.ask(found, f"template-{found['id']}")
        if st.button("Save", type="primary", icon=":material/save:", disabled=not edits, key="template-save"):
            _change(at, found, edits, "Saved.")
    archived = found["archived_at"] is not None
    if st.button(
        "Take back into the library" if archived else "Archive",
        icon=":material/unarchive:" if archived else ":material/archive:",
        key="template-archive",
        help="An archived template is not chosen for new ads.",
    ):
        _change(at, found, {"archived": not archived}, "It is in the library again." if archived else "Archived.")


def _change(at: Place, found: Json, edits: Json, said: str) -> None:
    try:
        templates.edit(at.db, found["id"], edits)
    except ViralTrackerError as error:
        st.error(words.literal(error.message), icon=":material/error:")
        return
    st.session_state["template-said"] = said
    st.rerun()


def _records(at: Place, template_ids: list[str]) -> dict[str, TrackRecord]:
    found = templates.results(at.db, at.brand_id, template_ids)
    return {template_id: TrackRecord.of(row) for template_id, row in found.items()}


def _draw_filters(found: Json) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="template-filters"):
        st.text_input(
            "Search",
            placeholder="Brand, name or words",
            max_chars=100,
            key="templates-search",
            width=200,
            on_change=PAGES.first,
            persist_state="session",
        )
        _select("layout", "Layout", {name: template_html.layout(name) for name in found["layouts"]}, found["layouts"])
        _select("awareness", "Stage", {name: provenance.label(name) for name in found["stages"]}, found["stages"])
        hooks = {name: in_words.capital(in_words.label(name)) for name in found["hooks"]}
        _select("hook", "Hook", hooks, found["hooks"])
        st.selectbox(
            "Ad",
            list(RUNNING),
            format_func=lambda one: RUNNING[one],
            key="templates-running",
            width=155,
            on_change=PAGES.first,
            persist_state="session",
        )
        st.selectbox(
            "Sort by",
            list(SORTS),
            format_func=lambda one: SORTS[one],
            key="templates-sort",
            width=160,
            on_change=PAGES.first,
            persist_state="session",
        )
        st.toggle("Archived", key="templates-archived", on_change=PAGES.first, persist_state="session")


def _select(name: str, title: str, named: Mapping[str, str], counts: Mapping[str, int]) -> None:
    key = f"templates-{name}"
    now = st.session_state.get(key, ANY)
    options = {ANY: "Any"} | {one: f"{label} ({counts[one]:,})" for one, label in named.items()}
    # A label that no template has any more stays on offer while it is chosen.
    options.setdefault(now, f"{provenance.label(str(now))} (0)")
    st.selectbox(
        title,
        list(options),
        format_func=lambda one: options.get(one, str(one)),
        key=key,
        width=165,
        on_change=PAGES.first,
        persist_state="session",
    )


def _chosen(name: str) -> str | None:
    found = st.session_state.get(f"templates-{name}", ANY)
    return None if found in (ANY, None) else str(found)
