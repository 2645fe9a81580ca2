"""Ads as rows: a preset's columns, whose heads sort them all and not only the page that is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from viraltracker.web import board_cards, board_columns, words
from viraltracker.web.board_columns import NAME, PRESETS, VERDICT, Column

Json = dict[str, Any]

BUTTON_PX: Final = 80


def draw(
    found: Json,
    pictures: Mapping[str, str],
    preset: str,
    *,
    sort_by: Callable[[str], None],
    show: Callable[[str], None],
) -> None:
    """The heads and a row for each ad; both callbacks get a key: a column's, or an ad's id."""
    columns = PRESETS[preset]
    with st.container(horizontal=True, vertical_alignment="center", key="board-head"):
        with st.container(key=f"board-heads-{named(preset)}"):
            st.html("<div></div>")
            for column in (NAME, VERDICT, *columns):
                _draw_head(column, preset, sort_by)
        st.html("<div></div>", width=BUTTON_PX)
    for ad in found["ads"]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"ad-row-{ad['ad_id']}"):
            st.html(row(ad, preset, pictures.get(ad["ad_id"]), found["run"]["currency"]))
            st.button("Details", key=f"open-{ad['ad_id']}", width=BUTTON_PX, on_click=show, args=(ad["ad_id"],))


def _draw_head(column: Column, preset: str, sort_by: Callable[[str], None]) -> None:
    if column.better is None:
        st.html(f'<p class="vt-more" title="{words.html(column.means)}">{column.label}</p>')
        return
    now = st.session_state.get("board-sort", "spend") == column.key
    icon = None
    if now:
        down = st.session_state.get("board-descending", True)
        icon = ":material/arrow_downward:" if down else ":material/arrow_upward:"
    kind = "text" if column.unit == "label" else "num"
    st.button(
        column.label,
        key=f"head-{kind}-{named(preset)}-{column.key}",
        type="tertiary",
        icon=icon,
        icon_position="right",
        help=f"{column.means} Sort by it.",
        on_click=sort_by,
        args=(column.key,),
    )


def named(preset: str) -> str:
    """A preset as the style sheet calls it, which gives each its widths."""
    return preset.lower().replace(" ", "-")


def row(ad: Json, preset: str, picture: str | None, currency: str) -> str:
    """HTML: a small picture, the name with its state, the verdict, and the preset's columns."""
    shown = f'<img src="{words.html(picture)}" alt="">' if picture else f"<i>{board_cards.no_picture(ad)}</i>"
    name = words.html(ad["name"] or ad["ad_id"])
    state = words.html((ad["effective_status"] or "").replace("_", " ").lower())
    cells = "".join(board_columns.cell(ad, column, currency) for column in PRESETS[preset])
    return (
        f'<div class="vt-board {named(preset)}"><figure>{shown}</figure>'
        f'<span class="name" title="{name}"><b>{name}</b><small>{state}</small></span>'
        f"<span>{board_columns.pill(ad)}</span>{cells}</div>"
    )
