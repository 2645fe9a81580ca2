"""Which ads work: filters and order over a brand's ads, drawn as cards, as a table, or as spend against CPA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import streamlit as st

from viraltracker.creatives import taxonomy
from viraltracker.store import boards
from viraltracker.store.boards import NOT_JUDGED, Wanted
from viraltracker.store.client import Database
from viraltracker.web import board_cards, board_columns, board_export, board_table, labels_view, scatter, states, words
from viraltracker.web.ad_view import Place
from viraltracker.web.board_columns import SORTED
from viraltracker.web.pager import Pager
from viraltracker.web.pictures import Pictures, thumbnails_or_none

Json = dict[str, Any]

CARDS, TABLE, CHART = "cards", "table", "chart"
PER_PAGE: Final[Mapping[str, int]] = {CARDS: 24, TABLE: 40, CHART: 0}
PAGES: Final = Pager("board")
ROW_EDGE_PX: Final = 112
ANY: Final = "any"
ANY_OF: Final[Mapping[str, str]] = {"verdict": "Any verdict", "awareness": "Any stage", "format": "Any format"}
NO_LABEL: Final = "No label"
CARD_SORTS: Final = (
    "spend",
    "cpa",
    "roas",
    "conversions",
    "hook_score",
    "watch_score",
    "click_score",
    "convert_score",
    "verdict",
)
ORDERS: Final[Mapping[bool, str]] = {True: "Highest first", False: "Lowest first"}


def wanted() -> Wanted:
    """What the filters and the order ask for, as they were left."""
    return Wanted(
        search=str(st.session_state.get("board-search") or "").strip(),
        verdict=_chosen("verdict"),
        awareness=_chosen("awareness"),
        ad_format=_chosen("format"),
        sort=sort_key(),
        descending=bool(st.session_state.get("board-descending", True)),
    )


def read(db: Database, brand_id: str, view: str) -> Json:
    """The page that is looked at, see `boards.of_brand`; the first one where filters left less than it begins with."""
    asked, size = wanted(), PER_PAGE[view]
    points = scatter.MOST if view == CHART else 0
    found = boards.of_brand(db, brand_id, asked, limit=size, offset=PAGES.here() * size, points=points)
    if PAGES.here() and not found["ads"]:
        PAGES.first()
        found = boards.of_brand(db, brand_id, asked, limit=size, points=points)
    return found


def freshness(found: Json, now: datetime) -> list[tuple[str, str]]:
    """Of which days the numbers are, and since when, as `cards.freshness` takes it."""
    run = found["run"]
    looked = found["total"] - found["verdicts"].get(NOT_JUDGED, 0)
    said = [
        (words.window(run["date_from"], run["date_to"]), ""),
        ("without today", "The day that is not over is not in the numbers."),
        (f"analysed {words.ago(run['finished_at'], now)}", words.when(run["finished_at"])),
        (f"{looked:,} of {words.counted(found['total'], 'ad')} in the analysis", board_columns.NOT_JUDGED_WHY),
        (str(run["currency"]), "All amounts are in this currency."),
    ]
    target = run["target"]
    if target["value"] is not None:
        said.append((f"against {target['words']} of {words.money(target['value'], run['currency'])} CPA", ""))
    elif target["reason"]:
        said.append(("no target to judge by", target["reason"]))
    if run["attribution"]:
        said.append((f"attribution {words.attribution(run['attribution'])}", "As the ad account counts conversions."))
    return said


def draw(at: Place, name: str, view: str, found: Json, show: Callable[[str], None]) -> None:
    """The filters, and what fits them, of a brand with that name; `show` is called with the id of an opened ad."""
    _draw_filters(at, name, view, found)
    pictures = Pictures(at.db, at.brand_id)
    st.html(f'<p class="vt-more" role="status">{words.html(counted(found, view))}</p>')
    if not found["found"]:
        states.empty("Nothing fits", "No ad fits these filters.", icon=":material/filter_alt_off:")
        return
    if view == CHART:
        st.html(scatter.html(found, at.brand_id))
        return
    if view == CARDS:
        shown = thumbnails_or_none(pictures, [ad["ad_id"] for ad in found["ads"]])
        _draw_cards(found, shown, show)
    else:
        shown = thumbnails_or_none(pictures, [ad["ad_id"] for ad in found["ads"]], ROW_EDGE_PX)
        board_table.draw(found, shown, preset(), sort_by=sort_by, show=show)
    PAGES.draw(found["found"], PER_PAGE[view])


def counted(found: Json, view: str) -> str:
    """How many ads there are and fit, and in which order they stand."""
    every = words.counted(found["total"], "ad")
    said = every if found["found"] == found["total"] else f"{found['found']:,} of {every}"
    if view == CHART:
        return f"{said}."
    asked = wanted()
    column = SORTED[asked.sort]
    return f"{said}, by {column.label}: {in_order(column.unit, descending=asked.descending)}; what is not known last."


def in_order(unit: str, *, descending: bool) -> str:
    """How a sorted column goes."""
    if unit == "label":
        return "from the end" if descending else "from the beginning"
    return ORDERS[descending].lower()


def choices(name: str, found: Json) -> dict[str, str]:
    """What a filter offers, by what is asked for: verdicts that occur with how many ads have them, or labels."""
    offered = {ANY: ANY_OF[name]}
    if name == "verdict":
        counts = found["verdicts"]
        for known in (board_columns.VERDICTS, board_columns.FATIGUE):
            offered |= {one: f"{said} ({counts[one]:,})" for one, (said, _) in known.items() if counts.get(one)}
        if counts.get(NOT_JUDGED):
            offered[NOT_JUDGED] = f"{board_columns.NOT_JUDGED[0]} ({counts[NOT_JUDGED]:,})"
        return offered
    labels = taxonomy.AWARENESS if name == "awareness" else taxonomy.FORMAT
    return offered | {label: labels_view.name(label) for label in labels} | {NOT_JUDGED: NO_LABEL}


def sort_key() -> str:
    """What the ads are sorted by; a name from an older page means the spend."""
    key = str(st.session_state.get("board-sort", "spend"))
    return key if key in SORTED else "spend"


def sort_by(key: str) -> None:
    """Sorts by a column, its better end first; once more turns the order around."""
    turned = key == sort_key()
    st.session_state["board-descending"] = (
        not st.session_state.get("board-descending", True) if turned else SORTED[key].better == "high"
    )
    st.session_state["board-sort"] = key
    PAGES.first()


def preset() -> str:
    """Which columns the table shows."""
    found = str(st.session_state.get("board-preset"))
    return found if found in board_columns.PRESETS else next(iter(board_columns.PRESETS))


def _chosen(name: str) -> str | None:
    found = st.session_state.get(f"board-{name}", ANY)
    return None if found in (ANY, None) else str(found)


def _draw_filters(at: Place, name: str, view: str, found: Json) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="board-filters"):
        st.text_input(
            "Search",
            placeholder="Name, words or id",
            max_chars=100,
            key="board-search",
            width=190,
            on_change=PAGES.first,
            persist_state="session",
        )
        for one, title in (("verdict", "Verdict"), ("awareness", "Stage"), ("format", "Format")):
            _select(one, title, choices(one, found))
        if view == CARDS:
            _draw_order()
        board_export.draw(at.db, at.brand_id, name, wanted(), found)
    if view == TABLE:
        st.segmented_control(
            "Columns",
            list(board_columns.PRESETS),
            default=None if "board-preset" in st.session_state else preset(),
            required=True,
            label_visibility="collapsed",
            key="board-preset",
            persist_state="session",
        )


def _select(name: str, title: str, named: Mapping[str, str]) -> None:
    key = f"board-{name}"
    # A verdict that no ad has any more stays on offer while it is chosen.
    now = st.session_state.get(key, ANY)
    known = {**board_columns.VERDICTS, **board_columns.FATIGUE, NOT_JUDGED: board_columns.NOT_JUDGED}
    options = dict(named) if now in named or now is None else {**named, now: f"{known.get(now, (now, ''))[0]} (0)"}
    st.selectbox(
        title,
        list(options),
        format_func=lambda one: options.get(one, str(one)),
        key=key,
        width=165,
        on_change=PAGES.first,
        persist_state="session",
    )


def _draw_order() -> None:
    options = [key for key in CARD_SORTS if key in SORTED]
    now = sort_key()
    chosen = st.selectbox(
        "Sort by",
        options if now in options else [*options, now],
        index=([*options, now]).index(now),
        format_func=lambda key: SORTED[key].label + (" score" if key.endswith("_score") else ""),
        key=f"board-order-{now}",
        width=150,
    )
    if chosen != now:
        sort_by(chosen)
        st.rerun()
    descending = bool(st.session_state.get("board-descending", True))
    st.button(
        ORDERS[descending],
        icon=":material/arrow_downward:" if descending else ":material/arrow_upward:",
        key="board-turn",
        help="Turns the order around.",
        on_click=sort_by,
        args=(now,),
    )


def _draw_cards(found: Json, pictures: Mapping[str, str], show: Callable[[str], None]) -> None:
    before = PAGES.here() * PER_PAGE[CARDS]
    with st.container(key="board-cards"):
        for rank, ad in enumerate(found["ads"], start=before + 1):
            with st.container(key=f"ad-card-{ad['ad_id']}", gap=None):
                st.html(board_cards.card(ad, rank, pictures.get(ad["ad_id"]), found["run"]))
                st.button("Details", key=f"open-{ad['ad_id']}", width="stretch", on_click=show, args=(ad["ad_id"],))
